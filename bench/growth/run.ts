// Growth benches: the command. npm run bench -- growth
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { type Cores, openFilesLimit } from "../child.js";
import { SUBJECTS, type SubjectName } from "../loads.js";
import { aligned, chartBeside, figure } from "../outcome.js";
import { Progress } from "../progress.js";
import { growthChart } from "./chart.js";
import { type Finding, PANELS, type PanelName, TITLES } from "./findings.js";
import { growSessions, SESSIONS } from "./in-memory.js";
import { CONNECTIONS, type GrowthOptions, growBroadcasts, growIdle } from "./over-sockets.js";

/** Files that a process needs besides its connections. */
const OTHER_FILES = 200;

interface Part {
  readonly title: string;
  readonly subjects: readonly SubjectName[];
  readonly grow: (subject: SubjectName, options: GrowthOptions) => Promise<void>;
}

const WITH_CONTROL: readonly SubjectName[] = ["vaiven", "socket.io", "net"];

export const PARTS: Readonly<Record<string, Part>> = {
  broadcasts: { title: "broadcasts while connections come", subjects: WITH_CONTROL, grow: growBroadcasts },
  idle: { title: "idle connections", subjects: WITH_CONTROL, grow: growIdle },
  sessions: { title: "sessions in memory", subjects: Object.keys(SESSIONS) as SubjectName[], grow: growSessions },
};

export interface GrowthCommand {
  /** Of {@link PARTS}; all where it is empty. */
  readonly parts: readonly string[];
  readonly subjects: readonly SubjectName[];
  readonly seconds: number;
  readonly cores: Cores;
  readonly json: string | undefined;
  readonly results: string;
}

function partsNamed(words: readonly string[]): Part[] {
  if (words.length === 0) return Object.values(PARTS);
  return words.map((word) => {
    const part = PARTS[word];
    if (part === undefined) throw new Error(`unknown part "${word}" of growth: ${Object.keys(PARTS).join(", ")}`);
    return part;
  });
}

function said({ panel, line, x, y }: Finding): string {
  const { title, unit } = PANELS[panel];
  return `${title}, ${TITLES[line] ?? line} at ${x.toLocaleString("en")}: ${figure(y)} ${unit}`;
}

/** One block a panel, one line for each of its lines, one column for each place on the axis. */
function table(findings: readonly Finding[]): string {
  return (Object.keys(PANELS) as PanelName[])
    .flatMap((name) => {
      const of = findings.filter(({ panel }) => panel === name);
      if (of.length === 0) return [];
      const places = [...new Set(of.map(({ x }) => x))].sort((a, b) => a - b);
      const lines = [...new Set(of.map(({ line }) => line))].map((line) => [
        `  ${TITLES[line] ?? line}`,
        ...places.map((place) => figure(of.find((finding) => finding.line === line && finding.x === place)?.y)),
      ]);
      const { title, unit, x } = PANELS[name];
      const rows = aligned([[`  ${x}`, ...places.map((place) => place.toLocaleString("en"))], ...lines]);
      return [`${title}, ${unit}`, ...rows, ""];
    })
    .join("\n");
}

export async function growth(command: GrowthCommand): Promise<void> {
  const tasks = partsNamed(command.parts).flatMap((part) =>
    part.subjects.filter((name) => command.subjects.includes(name)).map((subject) => ({ part, subject })),
  );
  if (tasks.length === 0) throw new Error("nothing to measure: none of the subjects takes part in these parts");
  const findings: Finding[] = [];
  const failures: string[] = [];
  const most = openFilesLimit() - OTHER_FILES;
  const progress = new Progress(tasks.length);
  const started = performance.now();
  for (const { part, subject } of tasks) {
    const { title } = SUBJECTS[subject];
    progress.begin(`${part.title}, ${title}`);
    try {
      await part.grow(subject, {
        cores: command.cores,
        seconds: command.seconds,
        most,
        onPhase: (phase) => progress.phase(phase),
        onFinding: (finding) => {
          findings.push(finding);
          progress.note(`  ${said(finding)}`);
        },
      });
      progress.finish("done");
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failures.push(`${part.title}, ${title}: ${reason}`);
      progress.finish(`failed: ${reason}`);
    }
  }
  progress.stop();
  report(command, findings, failures, most, (performance.now() - started) / 1000);
  if (failures.length > 0) process.exitCode = 1;
}

function report(
  { cores, json, results, seconds }: GrowthCommand,
  findings: readonly Finding[],
  failures: readonly string[],
  most: number,
  took: number,
): void {
  const pinned = cores.note ?? `server on core ${cores.server}, load on core ${cores.load}`;
  const how = `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${pinned}; medians of 3 windows of ${seconds} s`;
  process.stdout.write(`\n${table(findings)}\n${how}; ${Math.round(took)} s in all.\n`);
  for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
  const wanted = Math.max(...CONNECTIONS);
  if (most < wanted) {
    process.stdout.write(`Connections end at ${most}: open files are limited; ulimit -n ${wanted + OTHER_FILES}\n`);
  }
  const circumstances = {
    date: new Date().toISOString(),
    node: process.version,
    processor: cpus()[0]?.model,
    pinned: cores.note === undefined,
    windows: 3,
    seconds,
    heaps: SESSIONS,
  };
  const panels = Object.fromEntries(
    (Object.keys(PANELS) as PanelName[]).map((name) => [
      name,
      {
        ...PANELS[name],
        findings: findings.filter(({ panel }) => panel === name).map(({ panel: _, ...rest }) => rest),
      },
    ]),
  );
  const jsonFile = json ?? join(results, "growth.json");
  const svgFile = chartBeside(jsonFile);
  mkdirSync(dirname(jsonFile), { recursive: true });
  writeFileSync(jsonFile, `${JSON.stringify({ ...circumstances, panels, failures }, undefined, 2)}\n`);
  writeFileSync(svgFile, growthChart(findings, how));
  process.stdout.write(`Written: ${jsonFile}, ${svgFile}\n`);
}

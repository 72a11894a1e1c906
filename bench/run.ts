// Benchmarks: the command. npm run bench -- --help
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { ensureBuilt } from "./build.js";
import { type CellOptions, type Measurement, measure } from "./cell.js";
import { chart } from "./chart.js";
import { type Cores, findCores, killAll, openFilesLimit } from "./child.js";
import { deliveryCost } from "./delivery.js";
import { growth, PARTS } from "./growth/run.js";
import { LOADS, type Load, loadsNamed, SUBJECTS, type Subject, type SubjectName } from "./loads.js";
import { asJson, chartBeside, figure, type Row, table, whoWasTheLimit } from "./outcome.js";
import { profileTable } from "./profile.js";
import { Progress } from "./progress.js";

const RESULTS = join(__dirname, "results");

const HELP = `npm run bench                           every load, every subject
npm run bench -- echo fanout-8          some loads ("echo" is echo-1 and echo-16)
npm run bench -- profile echo-16        a CPU profile of one load: file and table
npm run bench -- delivery               what acknowledged delivery costs, in pairs of rounds (11); or of the loads named
npm run bench -- growth                 how cost grows: ${Object.keys(PARTS).join(", ")}, or those named

  --only a,b       subjects: ${Object.keys(SUBJECTS).join(", ")}
  --rounds n       measurements of each cell, interleaved (3)
  --seconds n      length of a measured window (1.2; growth: 0.5)
  --warm n         seconds of the same load before it (0.7)
  --json file      where the figures go (bench/results/latest.json; growth.json), the chart beside them
  --no-build       measure the build that is there
  --list           the loads and the subjects
`;

function parsed() {
  return parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: {
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      warm: { type: "string", default: "0.7" },
      json: { type: "string" },
      build: { type: "boolean", default: true },
      list: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above zero, not "${text}"`);
  return value;
}

function subjectsNamed(only: string | undefined): readonly SubjectName[] {
  const names = Object.keys(SUBJECTS) as SubjectName[];
  if (only === undefined) return names;
  const found = only.split(",").map((word) => {
    const name = names.find((known) => known === word.trim());
    if (name === undefined) throw new Error(`unknown subject "${word}": ${names.join(", ")}`);
    return name;
  });
  return [...new Set(found)];
}

function list(): string {
  const loads = LOADS.map(({ name, title, subjects }) => `  ${name.padEnd(12)} ${title} (${subjects.join(", ")})`);
  return `loads\n${loads.join("\n")}\nsubjects\n  ${Object.keys(SUBJECTS).join("\n  ")}\n`;
}

interface Settings {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly cores: Cores;
}

/** Files that a process needs besides its connections. */
const OTHER_FILES = 200;

function clientsFor(load: Load): number {
  return Math.min(load.clients, openFilesLimit() - OTHER_FILES);
}

interface Plan {
  readonly load: Load;
  readonly clients: number;
  readonly cells: { subject: Subject; rounds: Measurement[]; failures: string[] }[];
}

async function measureAll(plans: readonly Plan[], settings: Settings): Promise<void> {
  const roundsOf = ({ load }: Plan): number => Math.min(settings.rounds, load.mostRounds ?? settings.rounds);
  const total = plans.reduce((sum, plan) => sum + plan.cells.length * roundsOf(plan), 0);
  const progress = new Progress(total);
  try {
    for (const plan of plans) {
      for (let round = 0; round < roundsOf(plan); round++) {
        // Each round begins with another subject, so that none is always the one after the pause.
        const shift = round % Math.max(1, plan.cells.length);
        for (const cell of [...plan.cells.slice(shift), ...plan.cells.slice(0, shift)]) {
          progress.begin(`${plan.load.name} round ${round + 1}/${roundsOf(plan)} ${cell.subject.title}`);
          const options: CellOptions = {
            ...settings,
            clients: plan.clients,
            onPhase: (phase) => progress.phase(phase),
          };
          try {
            const measured = await measure(plan.load, cell.subject, options);
            cell.rounds.push(measured);
            progress.finish(`${figure(measured.value)} ${plan.load.unit}`);
          } catch (error) {
            const reason = error instanceof Error ? error.message : String(error);
            cell.failures.push(reason);
            progress.finish(`failed: ${reason}`);
          }
        }
      }
    }
  } finally {
    progress.stop();
  }
}

async function profile(load: Load, subject: Subject, settings: Settings): Promise<void> {
  const file = join(RESULTS, `${subject.name}-${load.name}.cpuprofile`);
  process.stderr.write(`profiling ${subject.title} under ${load.name} for ${settings.seconds} s\n`);
  const measured = await measure(load, subject, {
    ...settings,
    clients: clientsFor(load),
    profile: file,
    onPhase: () => {},
  });
  const cost = `${figure(measured.value)} ${load.unit} with the profiler on`;
  process.stdout.write(`${profileTable(file)}\n\n${cost}; ${file} opens in Chromium's developer tools\n`);
}

function report(plans: readonly Row[], settings: Settings, jsonFile: string): void {
  const pinned = settings.cores.note ?? `server on core ${settings.cores.server}, load on core ${settings.cores.load}`;
  const how = `Node ${process.version}, ${cpus()[0]?.model ?? "unknown processor"}, ${pinned}`;
  const rounds = `medians of ${settings.rounds} interleaved rounds of ${settings.seconds} s`;
  process.stdout.write(`\n${table(plans)}\n\n${how}; ${rounds}.\n`);
  process.stdout.write(
    "Cost: CPU time of the server process, user and system. Ratio: socket.io's cost divided by it.\n",
  );
  process.stdout.write(`${whoWasTheLimit(plans)}\n`);
  const circumstances = {
    date: new Date().toISOString(),
    node: process.version,
    processor: cpus()[0]?.model,
    pinned: settings.cores.note === undefined,
    rounds: settings.rounds,
    seconds: settings.seconds,
  };
  mkdirSync(dirname(jsonFile), { recursive: true });
  writeFileSync(jsonFile, asJson(plans, circumstances));
  const svgFile = chartBeside(jsonFile);
  writeFileSync(svgFile, chart(plans, `${how}; ${rounds}`));
  process.stdout.write(`Written: ${jsonFile}, ${svgFile}\n`);
}

async function main(): Promise<void> {
  const { values, positionals } = parsed();
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (values.list) {
    process.stdout.write(list());
    return;
  }
  const isProfile = positionals[0] === "profile";
  const isGrowth = positionals[0] === "growth";
  const isDelivery = positionals[0] === "delivery";
  const loads = loadsNamed(isProfile ? positionals.slice(1) : isGrowth || isDelivery ? [] : positionals);
  let wanted = subjectsNamed(values.only ?? (isProfile ? "vaiven" : undefined));
  if (wanted.includes("vaiven")) {
    const missing = ensureBuilt(values.build);
    if (missing !== undefined) {
      process.stderr.write(`vaivén is left out: ${missing}\n`);
      wanted = wanted.filter((name) => name !== "vaiven");
    }
  }
  const settings: Settings = {
    rounds: Math.ceil(positive(values.rounds ?? (isDelivery ? "11" : "3"), "rounds")),
    seconds: positive(values.seconds ?? (isGrowth ? "0.5" : "1.2"), "seconds"),
    warmSeconds: positive(values.warm, "warm"),
    cores: findCores(),
  };
  if (settings.cores.note !== undefined) process.stderr.write(`${settings.cores.note}\n`);
  mkdirSync(RESULTS, { recursive: true });
  if (isDelivery) {
    const { rounds, seconds, warmSeconds, cores } = settings;
    await deliveryCost({ names: positionals.slice(1), rounds, seconds, warmSeconds, cores, clientsFor });
    return;
  }
  if (isGrowth) {
    const { seconds, cores } = settings;
    const parts = positionals.slice(1);
    await growth({ parts, subjects: wanted, seconds, cores, json: values.json, results: RESULTS });
    return;
  }
  if (isProfile) {
    for (const load of loads) for (const name of wanted) await profile(load, SUBJECTS[name], settings);
    return;
  }
  const all: Plan[] = loads.map((load) => ({
    load,
    clients: clientsFor(load),
    cells: load.subjects
      .filter((name) => wanted.includes(name))
      .map((name) => ({ subject: SUBJECTS[name], rounds: [], failures: [] })),
  }));
  const plans = all.filter(({ cells }) => cells.length > 0);
  if (plans.length === 0) throw new Error("nothing to measure: none of the subjects takes part in these loads");
  await measureAll(plans, settings);
  report(plans, settings, values.json ?? join(RESULTS, "latest.json"));
  if (plans.some(({ cells }) => cells.some(({ rounds }) => rounds.length === 0))) process.exitCode = 1;
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    killAll();
    process.stderr.write("\nstopped; nothing was written\n");
    process.exit(signal === "SIGINT" ? 130 : 143);
  });
}

main().catch((error: unknown) => {
  killAll();
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

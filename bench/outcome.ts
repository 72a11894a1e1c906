// Benchmarks: what the rounds came to. Medians and spread, the table, the JSON.
import type { Measurement } from "./cell.js";
import type { Load, Subject } from "./loads.js";

export interface Cell {
  readonly subject: Subject;
  readonly rounds: readonly Measurement[];
  /** Why a round yielded nothing. */
  readonly failures: readonly string[];
}

export interface Row {
  readonly load: Load;
  /** As measured, where the machine did not allow as many as the load has. */
  readonly clients: number;
  readonly cells: readonly Cell[];
}

export function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle];
  const [low, high] = [sorted[middle - 1], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

/** Half of the distance from the lowest to the highest, as a share of the median; undefined for one. */
export function spreadOf(values: readonly number[]): number | undefined {
  const middle = median(values);
  if (middle === undefined || values.length < 2) return undefined;
  return (Math.max(...values) - Math.min(...values)) / 2 / middle;
}

export interface Summary {
  readonly value: number;
  /** Half of the distance from the lowest to the highest round, as a share of the median; undefined for one round. */
  readonly spread: number | undefined;
  readonly perSecond: number;
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  readonly rss: number;
  readonly serverBusy: number | undefined;
  readonly loadBusy: number;
}

export function summarise(rounds: readonly Measurement[]): Summary | undefined {
  const values = rounds.map(({ value }) => value);
  const value = median(values);
  if (value === undefined) return undefined;
  const of = (pick: (round: Measurement) => number | undefined): number | undefined =>
    median(rounds.map(pick).filter((picked) => picked !== undefined));
  return {
    value,
    spread: spreadOf(values),
    perSecond: of((round) => round.perSecond) ?? 0,
    p50: of((round) => round.p50),
    p99: of((round) => round.p99),
    rss: of((round) => round.rss) ?? 0,
    serverBusy: of((round) => round.serverBusy),
    loadBusy: of((round) => round.loadBusy) ?? 0,
  };
}

/** How many times less than socket.io in the same run; undefined without it. */
export function ratioOf(row: Row, summary: Summary): number | undefined {
  const reference = row.cells.find(({ subject }) => subject.name === "socket.io");
  const base = reference === undefined ? undefined : summarise(reference.rounds);
  return base === undefined ? undefined : base.value / summary.value;
}

export function figure(value: number | undefined): string {
  if (value === undefined) return "–";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function percent(share: number | undefined): string {
  return share === undefined ? "–" : `${Math.round(share * 100)}%`;
}

/** Columns aligned by their widest entry: the first to the left, figures to the right. */
export function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [i, text] of line.entries()) widths[i] = Math.max(widths[i] ?? 0, text.length);
  }
  return lines.map((line) =>
    line.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("  "),
  );
}

const HEAD = ["", "server cost", "spread", "ratio", "p50 ms", "p99 ms", "per second", "RSS MB", "server", "load"];

/** One block a load, one line a subject; the ratio is to socket.io in the same run, more is better. */
export function table(rows: readonly Row[]): string {
  const lines: string[][] = [HEAD];
  for (const row of rows) {
    const size = row.clients === row.load.clients ? "" : ` (${row.clients} only: open files are limited)`;
    const aim = row.load.target === undefined ? "" : `, aim ${row.load.target}×`;
    const title = `${row.load.name}: ${row.load.title}${size}, ${row.load.unit}${aim}`;
    lines.push([], [`\0${title}`]);
    for (const { subject, rounds, failures } of row.cells) {
      const summary = summarise(rounds);
      if (summary === undefined) {
        lines.push([`  ${subject.title}`, "failed"]);
      } else {
        const ratio = ratioOf(row, summary);
        lines.push([
          `  ${subject.title}`,
          figure(summary.value),
          summary.spread === undefined ? "–" : `±${percent(summary.spread)}`,
          ratio === undefined ? "–" : `${figure(ratio)}×`,
          figure(summary.p50),
          figure(summary.p99),
          Math.round(summary.perSecond).toLocaleString("en"),
          figure(summary.rss),
          percent(summary.serverBusy),
          percent(summary.loadBusy),
        ]);
      }
      for (const failure of new Set(failures)) lines.push([`\0    a round failed: ${failure}`]);
    }
  }
  // Titles take the whole width and must not widen the first column.
  const isTitle = (line: readonly string[]): boolean => line[0]?.startsWith("\0") === true;
  const columns = aligned(lines.filter((line) => !isTitle(line)));
  let next = 0;
  return lines.map((line) => (isTitle(line) ? (line[0] ?? "").slice(1) : (columns[next++] ?? "").trimEnd())).join("\n");
}

/** From this share of a core on a process is taken for busy. */
const BUSY = 0.93;

/**
 * Whether the load generator could have kept a figure down. The cost of a message is the server's own either way; messages per second and latencies are not.
 * The control is driven by the same generator: what it reached is what the generator can do.
 */
export function whoWasTheLimit(rows: readonly Row[]): string {
  const limited: string[] = [];
  const reserves: number[] = [];
  for (const row of rows) {
    const control = row.cells.find(({ subject }) => subject.name === "net");
    const most = control === undefined ? undefined : summarise(control.rounds)?.perSecond;
    for (const { subject, rounds } of row.cells) {
      const summary = summarise(rounds);
      if (summary?.serverBusy === undefined || subject.name === "net") continue;
      if (summary.loadBusy >= BUSY && summary.serverBusy < BUSY) limited.push(`${row.load.name} of ${subject.title}`);
      if (subject.name === "vaiven" && most !== undefined) reserves.push(most / summary.perSecond);
    }
  }
  const reserve =
    reserves.length === 0
      ? ""
      : ` The same generator drove the control at ${figure(Math.min(...reserves))} to ${figure(Math.max(...reserves))} times vaivén's rate.`;
  if (limited.length === 0) return `The load generator was nowhere the limit.${reserve}`;
  return `The load generator was busier than the server in ${limited.join(", ")}: rates and latencies there are its own.${reserve}`;
}

/** The chart has the name of its figures. */
export function chartBeside(jsonFile: string): string {
  return `${jsonFile.replace(/\.json$/, "")}.svg`;
}

export function asJson(rows: readonly Row[], circumstances: object): string {
  const loads = rows.map((row) => ({
    load: row.load.name,
    title: row.load.title,
    unit: row.load.unit,
    target: row.load.target,
    clients: row.clients,
    subjects: row.cells.map(({ subject, rounds, failures }) => {
      const summary = summarise(rounds);
      const ratio = summary === undefined ? undefined : ratioOf(row, summary);
      return { subject: subject.name, ...summary, ratioToSocketIo: ratio, rounds, failures };
    }),
  }));
  return `${JSON.stringify({ ...circumstances, loads }, undefined, 2)}\n`;
}

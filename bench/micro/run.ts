// Micro benches: each codec by itself (mitata). npm run bench:micro, npm run bench:micro -- mask utf8
import { run } from "mitata";
import { aligned } from "../outcome.js";
import { frame } from "./frame.js";
import { packet } from "./packet.js";

/** Codecs by name; each function declares its benches. */
export type Micro = Readonly<Record<string, () => void>>;

const ALL: Micro = { ...frame, ...packet };

const HEAD = ["", "median", "least", "p99", "bytes made"];

function time(nanoseconds: number): string {
  return nanoseconds >= 1000 ? `${(nanoseconds / 1000).toPrecision(3)} µs` : `${nanoseconds.toPrecision(3)} ns`;
}

/** The benches of one codec as lines of the table. */
async function measured(name: string): Promise<string[][]> {
  ALL[name]?.();
  const { benchmarks } = await run({ format: "quiet" });
  return benchmarks.map(({ alias, runs }) => {
    const [outcome] = runs;
    const stats = outcome?.stats;
    if (stats === undefined) throw outcome?.error ?? new Error(`${alias} was not measured`);
    const bytes = stats.heap === undefined ? "–" : Math.round(stats.heap.avg).toLocaleString("en");
    return [`  ${alias}`, time(stats.p50), time(stats.min), time(stats.p99), bytes];
  });
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  const names = Object.keys(ALL);
  const unknown = words.find((word) => !names.includes(word));
  if (unknown !== undefined) throw new Error(`unknown codec "${unknown}": ${names.join(", ")}`);
  for (const name of words.length === 0 ? names : words) {
    const [head = "", ...lines] = aligned([HEAD, ...(await measured(name))]);
    process.stdout.write(`${name}${head.slice(name.length)}\n${lines.join("\n")}\n\n`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});

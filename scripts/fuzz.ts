// `npm run fuzz -- [--minutes N] [--target name] [--seed N] [--processes N]`: random input into every decoder and into whole servers, a second each in
// turn. An input that fails is made shorter while it still fails, and kept in test/fuzz/corpus/. Each process has seeds of its own (scripts/fuzz-process.ts).
import { type ChildProcess, fork } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { FuzzOrder, FuzzReport } from "./fuzz-process.js";

const root = join(__dirname, "..");
const TELL_EVERY_MS = 10_000;

interface Tally {
  inputs: number;
  steps: number;
  readonly failures: Set<string>;
}

const number = (name: string, value: string, isWhole: boolean): number => {
  const got = Number(value);
  if (!(got > 0) || (isWhole && !Number.isSafeInteger(got)))
    throw new RangeError(`--${name} is a ${isWhole ? "whole " : ""}number above 0, not ${value}`);
  return got;
};

function namesOf(only: string | undefined): string[] {
  const names = readdirSync(join(root, "test/fuzz"))
    .filter((file) => file.endsWith(".fuzz.ts"))
    .map((file) => file.slice(0, -".fuzz.ts".length))
    .filter((name) => only === undefined || name === only)
    .sort();
  if (names.length === 0) throw new RangeError(`no target${only ? ` of the name ${only}` : "s"} in test/fuzz`);
  return names;
}

const shown = (count: number): string => count.toLocaleString("en");
const line = (name: string, { inputs, steps }: Tally): string =>
  `${name.padEnd(20)} ${shown(inputs).padStart(12)} inputs${steps > 0 ? `, ${shown(steps)} steps` : ""}`;

/** Resolves when the process has come to its end. */
function runProcess(order: FuzzOrder, tell: (report: FuzzReport) => void): Promise<void> {
  const child: ChildProcess = fork(join(__dirname, "fuzz-process.ts"), [JSON.stringify(order)]);
  child.on("message", (report) => tell(report as FuzzReport));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`a process of --seed ${order.seed} ended with ${signal ?? code}`));
    });
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: {
      minutes: { type: "string", default: "1" },
      target: { type: "string" },
      seed: { type: "string", default: String(Date.now() >>> 0) },
      processes: { type: "string", default: String(availableParallelism()) },
    },
  });
  const minutes = number("minutes", values.minutes, false);
  const processes = number("processes", values.processes, true);
  const seed = number("seed", values.seed, true);
  const names = namesOf(values.target);
  const tallies = new Map<string, Tally>(names.map((name) => [name, { inputs: 0, steps: 0, failures: new Set() }]));
  console.log(`${names.length} targets, ${minutes} minutes, ${processes} processes, --seed ${seed}`);

  const started = performance.now();
  const sum = (field: "inputs" | "steps"): number =>
    [...tallies.values()].reduce((total, tally) => total + tally[field], 0);
  const tell = ({ target, inputs, steps, failure }: FuzzReport): void => {
    const tally = tallies.get(target);
    if (tally === undefined) return;
    tally.inputs += inputs;
    tally.steps += steps;
    if (failure === undefined || tally.failures.has(failure.message)) return;
    tally.failures.add(failure.message);
    console.log(`\n${target} fails: ${failure.stack}\n  kept in ${failure.file}`);
  };
  const progress = setInterval(() => {
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const server = tallies.get("server");
    const conversations = server && ` (${shown(server.inputs)} of whole servers)`;
    console.log(`${seconds.padStart(5)} s of ${minutes * 60}  ${shown(sum("inputs"))} inputs${conversations ?? ""}`);
  }, TELL_EVERY_MS);
  const orders = Array.from({ length: processes }, (_, at) => ({ names, minutes, seed: seed + at }));
  const ends = await Promise.allSettled(orders.map((order) => runProcess(order, tell)));
  clearInterval(progress);

  for (const [name, tally] of tallies) console.log(line(name, tally));
  const failures = [...tallies.values()].reduce((total, tally) => total + tally.failures.size, 0);
  console.log(`${shown(sum("inputs"))} inputs, ${shown(sum("steps"))} steps of conversations, ${failures} failures`);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  process.exitCode = failures === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

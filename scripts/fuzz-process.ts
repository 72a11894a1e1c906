// One process of `npm run fuzz` (scripts/fuzz.ts): takes its order from the command line and reports by messages.
import { join, relative } from "node:path";
import { keepInput, keptInputs } from "../test/fuzz/corpus.js";
import type { FuzzTarget } from "../test/fuzz/fuzz-target.js";
import { mutate, Random } from "../test/fuzz/mutate.js";

export interface FuzzOrder {
  readonly names: readonly string[];
  readonly minutes: number;
  readonly seed: number;
}

/** What happened since the last one. */
export interface FuzzReport {
  readonly target: string;
  readonly inputs: number;
  readonly steps: number;
  readonly failure?: { readonly message: string; readonly stack: string; readonly file: string };
}

const root = join(__dirname, "..");
const TURN_MS = 1000;
const INPUTS_A_BATCH = 50;
/** Some failures are waited for. */
const LONGEST_SHORTENING_MS = 20_000;
/** So many different failures of one target say that it needs mending, not more input. */
const MOST_FAILURES = 5;

interface Progress {
  readonly target: FuzzTarget;
  readonly seeds: readonly Uint8Array[];
  inputs: number;
  stepsBefore: number;
  /** The messages that were seen: two inputs with one message count as one failure. */
  readonly failures: Set<string>;
}

/** What escaped from a target since it was last looked at. */
const escaped: unknown[] = [];
process.on("unhandledRejection", (error) => escaped.push(error));
process.on("uncaughtException", (error) => escaped.push(error));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/** What is wrong with an input. `patiently`: also what shows at the end of the turn only. */
async function failureOf(target: FuzzTarget, input: Uint8Array, patiently: boolean): Promise<unknown> {
  try {
    // Most targets are done when they return: an await for each input would cost more than many of them.
    const running = target.run(input.slice());
    if (running !== undefined) await running;
    if (patiently) await turn();
    return patiently ? escaped.splice(0)[0] : undefined;
  } catch (error) {
    return error ?? new Error("undefined was thrown");
  }
}

/** Removes pieces, large ones first, as long as what is left fails in the same way, and time is left. */
async function shorten(target: FuzzTarget, input: Uint8Array, message: string): Promise<Uint8Array> {
  let shortest = input;
  const ends = performance.now() + LONGEST_SHORTENING_MS;
  for (let piece = shortest.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at + piece <= shortest.length && performance.now() < ends; ) {
      const shorter = Uint8Array.from([...shortest.subarray(0, at), ...shortest.subarray(at + piece)]);
      const failure = await failureOf(target, shorter, true);
      if (failure !== undefined && messageOf(failure) === message) shortest = shorter;
      else at += piece;
    }
  }
  return shortest;
}

function report(progress: Progress, failure?: FuzzReport["failure"]): void {
  const { target, inputs, stepsBefore } = progress;
  const steps = target.steps?.() ?? 0;
  const told: FuzzReport = { target: target.name, inputs, steps: steps - stepsBefore };
  process.send?.(failure === undefined ? told : { ...told, failure });
  progress.inputs = 0;
  progress.stepsBefore = steps;
}

async function failed(progress: Progress, input: Uint8Array, failure: unknown): Promise<void> {
  const { target } = progress;
  const message = messageOf(failure);
  if (progress.failures.has(message)) return;
  progress.failures.add(message);
  const file = keepInput(target, await shorten(target, input, message));
  Error.stackTraceLimit = 20;
  const again = await failureOf(target, input, true);
  Error.stackTraceLimit = 0;
  const stack = (again instanceof Error && again.stack) || message;
  report(progress, { message, stack, file: relative(root, file) });
}

/** A number of inputs, and what they left for the end of the turn. */
async function tryBatch(progress: Progress, inputs: readonly Uint8Array[]): Promise<void> {
  for (const input of inputs) {
    progress.inputs++;
    const failure = await failureOf(progress.target, input, false);
    if (failure !== undefined) await failed(progress, input, failure);
  }
  await turn();
  const late = escaped.splice(0)[0];
  if (late === undefined) return;
  for (const input of inputs) {
    const failure = await failureOf(progress.target, input, true);
    if (failure !== undefined) return failed(progress, input, failure);
  }
  await failed(progress, inputs[0] ?? new Uint8Array(0), late);
}

async function main(): Promise<void> {
  const order = JSON.parse(process.argv[2] ?? "") as FuzzOrder;
  const random = new Random(order.seed);
  const turns: Progress[] = [];
  for (const name of order.names) {
    const { target } = (await import(`../test/fuzz/${name}.fuzz.ts`)) as { target: FuzzTarget };
    const seeds = [...target.seeds, ...keptInputs(target)];
    const progress = { target, seeds, inputs: 0, stepsBefore: 0, failures: new Set<string>() };
    for (let count = target.share ?? 1; count > 0; count--) turns.push(progress);
  }
  // A refusal is an error, and its stack costs more than many an input.
  Error.stackTraceLimit = 0;
  const ends = performance.now() + order.minutes * 60_000;
  for (const progress of new Set(turns)) await tryBatch(progress, progress.seeds);
  // Not all processes begin with the same target.
  let at = order.seed;
  while (performance.now() < ends && turns.some(({ failures }) => failures.size < MOST_FAILURES)) {
    const progress = turns[at++ % turns.length] as Progress;
    const { target, seeds, failures } = progress;
    const turnEnds = Math.min(performance.now() + TURN_MS, ends);
    while (performance.now() < turnEnds && failures.size < MOST_FAILURES) {
      const inputs = Array.from({ length: INPUTS_A_BATCH }, () => mutate(seeds, random, target.separator));
      await tryBatch(progress, inputs);
    }
    report(progress);
  }
  // Servers of targets may still listen.
  process.exit(0);
}

void main();

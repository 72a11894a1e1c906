// `npm run fuzz -- [--minutes N] [--target name] [--seed N]`: random input into every decoder, a second each in turn.
// An input that fails is made shorter while it still fails, and kept in test/fuzz/corpus/.
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { keepInput, keptInputs } from "../test/fuzz/corpus.js";
import type { FuzzTarget } from "../test/fuzz/fuzz-target.js";
import { mutate, Random } from "../test/fuzz/mutate.js";

const root = join(__dirname, "..");
const TURN = 1000;
const INPUTS_A_TURN = 50;
/** So many different failures of one target say that it needs mending, not more input. */
const MOST_FAILURES = 5;

interface Progress {
  readonly target: FuzzTarget;
  readonly seeds: readonly Uint8Array[];
  inputs: number;
  /** The messages that were seen: two inputs with one message count as one failure. */
  readonly failures: Set<string>;
}

function failureOf(target: FuzzTarget, input: Uint8Array): string | undefined {
  try {
    target.run(input.slice());
    return undefined;
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
}

/** Removes pieces, large ones first, as long as what is left fails in the same way. */
function shorten(target: FuzzTarget, input: Uint8Array, failure: string): Uint8Array {
  let shortest = input;
  for (let piece = shortest.length >> 1; piece > 0; piece >>= 1) {
    for (let at = 0; at + piece <= shortest.length; ) {
      const shorter = Uint8Array.from([...shortest.subarray(0, at), ...shortest.subarray(at + piece)]);
      if (failureOf(target, shorter) === failure) shortest = shorter;
      else at += piece;
    }
  }
  return shortest;
}

function tryInput(progress: Progress, input: Uint8Array): void {
  progress.inputs += 1;
  const failure = failureOf(progress.target, input);
  if (failure === undefined || progress.failures.has(failure)) return;
  progress.failures.add(failure);
  const file = keepInput(progress.target, shorten(progress.target, input, failure));
  console.log(`\n${progress.target.name} fails: ${failure}\n  kept in ${relative(root, file)}`);
}

async function findTargets(only: string | undefined): Promise<Progress[]> {
  const files = readdirSync(join(root, "test/fuzz")).filter((file) => file.endsWith(".fuzz.ts"));
  const targets: Progress[] = [];
  for (const file of files.sort()) {
    const { target } = (await import(`../test/fuzz/${file}`)) as { target: FuzzTarget };
    if (only !== undefined && target.name !== only) continue;
    targets.push({ target, seeds: [...target.seeds, ...keptInputs(target)], inputs: 0, failures: new Set() });
  }
  return targets;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: process.argv.slice(2).filter((argument) => argument !== "--"),
    options: {
      minutes: { type: "string", default: "1" },
      target: { type: "string" },
      seed: { type: "string", default: String(Date.now() >>> 0) },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new RangeError(`--minutes is a number above 0, not ${values.minutes}`);
  const targets = await findTargets(values.target);
  if (targets.length === 0)
    throw new RangeError(`no target${values.target ? ` of the name ${values.target}` : "s"} in test/fuzz`);

  const random = new Random(Number(values.seed));
  const started = performance.now();
  const ends = started + minutes * 60_000;
  console.log(`${targets.length} targets, ${minutes} minutes, --seed ${values.seed}`);
  for (const progress of targets) for (const seed of progress.seeds) tryInput(progress, seed);

  for (let turn = 0; performance.now() < ends; turn++) {
    const progress = targets[turn % targets.length];
    if (progress === undefined || progress.failures.size >= MOST_FAILURES) {
      if (targets.every(({ failures }) => failures.size >= MOST_FAILURES)) break;
      continue;
    }
    const turnEnds = Math.min(performance.now() + TURN, ends);
    while (performance.now() < turnEnds && progress.failures.size < MOST_FAILURES) {
      for (let count = 0; count < INPUTS_A_TURN; count++) tryInput(progress, mutate(progress.seeds, random));
      // What a target left for the end of the turn runs now, and does not pile up.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const inputs = progress.inputs.toLocaleString("en");
    console.log(`${seconds.padStart(5)} s of ${minutes * 60}  ${progress.target.name.padEnd(20)} ${inputs} inputs`);
  }

  const failures = targets.reduce((sum, progress) => sum + progress.failures.size, 0);
  const inputs = targets.reduce((sum, progress) => sum + progress.inputs, 0);
  console.log(`${inputs.toLocaleString("en")} inputs, ${failures} failures`);
  process.exitCode = failures === 0 ? 0 : 1;
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});

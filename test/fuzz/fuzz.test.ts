// Runs every target of this folder over its seeds, its kept failures and a few thousand mutations.
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { keptInputs } from "./corpus.js";
import type { FuzzTarget } from "./fuzz-target.js";
import { mutate, Random } from "./mutate.js";

const INPUTS = 5_000;
const SEED = 20_120_401;

const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".fuzz.ts"));

describe("the fuzz targets", () => {
  it("are found", () => {
    expect(files.length).toBeGreaterThan(0);
  });

  for (const file of files) {
    it(`accept or refuse every input with a documented error: ${file}`, async () => {
      const { target } = (await import(/* @vite-ignore */ `./${file.slice(0, -".ts".length)}.ts`)) as {
        target: FuzzTarget;
      };
      const random = new Random(SEED);
      expect(target.seeds.length).toBeGreaterThan(0);
      for (const seed of [...target.seeds, ...keptInputs(target)]) await runOne(target, seed);
      for (let count = 0; count < (target.inputsInTests ?? INPUTS); count++) {
        await runOne(target, mutate(target.seeds, random, target.separator));
        // What a target left for the end of the turn runs now, and does not pile up.
        if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }
});

async function runOne(target: FuzzTarget, input: Uint8Array): Promise<void> {
  try {
    // A copy: what the target does to its input must not change what is shown.
    await target.run(input.slice());
  } catch (cause) {
    throw new Error(`${target.name} fails over ${Buffer.from(input).toString("hex")}`, { cause });
  }
}

// Inputs that once made a target fail: `npm run fuzz` keeps them, and the tests replay them.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FuzzTarget } from "./fuzz-target.js";

const folderOf = (target: FuzzTarget): string => join(import.meta.dirname, "corpus", target.name);

/** What was kept for a target, in the order of the files' names. */
export function keptInputs(target: FuzzTarget): Uint8Array[] {
  const folder = folderOf(target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => new Uint8Array(readFileSync(join(folder, name))));
}

/** Keeps one input; answers the file. */
export function keepInput(target: FuzzTarget, input: Uint8Array): string {
  const folder = folderOf(target);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${createHash("sha256").update(input).digest("hex").slice(0, 16)}.bin`);
  writeFileSync(file, input);
  return file;
}

// The contract of fuzz targets: a file `<name>.fuzz.ts` in this folder exports one as `target`.

export interface FuzzTarget {
  readonly name: string;
  /** Inputs to begin with, valid ones and famous mistakes. */
  readonly seeds: readonly Uint8Array[];
  /** Feeds one input. Throws only on a bug: input that is refused with a documented error passes. */
  run(input: Uint8Array): void;
}

// The contract of fuzz targets: a file `<name>.fuzz.ts` in this folder exports one as `target`.

export interface FuzzTarget {
  readonly name: string;
  /** Inputs to begin with, valid ones and famous mistakes. */
  readonly seeds: readonly Uint8Array[];
  /** The byte behind each part of an input, where it has parts: every other input is then made of whole ones. */
  readonly separator?: number;
  /** How many turns of a run it gets for each one that others get. Default: 1. */
  readonly share?: number;
  /** How many mutations a test run tries, for targets that take their time. */
  readonly inputsInTests?: number;
  /** Steps of conversations that were taken so far, where an input is a conversation. */
  readonly steps?: () => number;
  /** Feeds one input. Throws, or rejects, only on a bug: input that is refused with a documented error passes. One input is fed at a time. */
  run(input: Uint8Array): void | Promise<void>;
}

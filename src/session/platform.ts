// session/ contract: what pure code is given by its host (ARCHITECTURE.md, "Platform"). node/, browser/ and the tests' fake clock implement it.
import type { BytePrimitives, CompressionPrimitives } from "../frame/primitives.js";

/** Stops a timer that {@link Clock.after} began. Safe to call when it has fired, and twice. */
export type Cancel = () => void;

/** The longest delay of a timer, nearly 25 days. Beyond it timers of JavaScript fire at once. */
export const LONGEST_DELAY_MS = 0x7fffffff;

/** Time. The only source of it for pure code, so that a fake clock drives every state machine. @internal */
export interface Clock {
  /** Milliseconds on a monotonic clock with an arbitrary origin. Follows fake timers where the user installed them. */
  now(): number;
  /**
   * Calls `fn` once, not before `ms` milliseconds have passed; more than {@link LONGEST_DELAY_MS} count as that. Does not keep a process alive when
   * `background` is true.
   */
  after(ms: number, fn: () => void, background?: boolean): Cancel;
  /** Calls `fn` when the current turn ends, before any I/O: `process.nextTick` on Node, a microtask in browsers. */
  soon(fn: () => void): void;
}

/** Everything that pure code needs of its host. */
export interface Platform extends Clock, BytePrimitives {
  /** Absent where the host cannot compress (browsers): permessage-deflate is then never negotiated. */
  readonly compression: CompressionPrimitives | undefined;
}

// node/ The platform of the pure stages on Node (session/platform.ts is the contract).
import { type Cancel, LONGEST_DELAY_MS, type Platform } from "../session/platform.js";
import { nodeBytePrimitives } from "./byte-primitives.js";
import { nodeCompression } from "./zlib.js";

/**
 * Time by the globals that fake timers replace, looked up at each call; bytes by Buffer; compression by node:zlib.
 * None of its functions needs `this`.
 */
export const nodePlatform: Platform = Object.freeze({
  ...nodeBytePrimitives,
  compression: nodeCompression,
  now(): number {
    return performance.now();
  },
  after(ms: number, fn: () => void, background?: boolean): Cancel {
    const timer = setTimeout(fn, Math.min(ms, LONGEST_DELAY_MS));
    if (background === true) timer.unref();
    return () => clearTimeout(timer);
  },
  soon(fn: () => void): void {
    process.nextTick(fn);
  },
});

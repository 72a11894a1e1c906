// A platform whose time stands still until a test moves it. Byte primitives are Node's.
import { createHash } from "node:crypto";
import type { Platform } from "../../src/session/platform.js";

interface Timer {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
}

/** Time moves only through {@link FakePlatform.advance}; `soon` runs in {@link FakePlatform.settle}. */
export class FakePlatform implements Platform {
  readonly compression = undefined;
  private time = 1000;
  private order = 0;
  private timers: Timer[] = [];
  private queue: (() => void)[] = [];

  now = (): number => this.time;

  after = (ms: number, fn: () => void): (() => void) => {
    const timer: Timer = { due: this.time + ms, order: this.order++, fn };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  };

  soon = (fn: () => void): void => {
    this.queue.push(fn);
  };

  /** Timers that are pending. */
  get timerCount(): number {
    return this.timers.length;
  }

  /** Ends the turn: everything given to `soon` runs, also what is given meanwhile. */
  settle(): void {
    for (let fn = this.queue.shift(); fn !== undefined; fn = this.queue.shift()) fn();
  }

  /** Moves time, firing timers at their due times in order; each is a turn of its own. */
  advance(ms: number): void {
    const end = this.time + ms;
    this.settle();
    for (;;) {
      const next = this.timers
        .filter((timer) => timer.due <= end)
        .sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (next === undefined) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.due);
      next.fn();
      this.settle();
    }
    this.time = end;
  }

  readText = (bytes: Uint8Array, start: number, end: number): string =>
    Buffer.from(bytes.subarray(start, end)).toString();
  isUtf8 = (bytes: Uint8Array, start: number, end: number): boolean => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(start, end));
      return true;
    } catch {
      return false;
    }
  };
  textByteLength = (text: string): number => Buffer.byteLength(text);
  writeText = (text: string, target: Uint8Array, at: number): number => {
    const bytes = Buffer.from(text);
    target.set(bytes, at);
    return bytes.length;
  };
  allocate = (size: number): Uint8Array => new Uint8Array(size);
  randomFill = (target: Uint8Array): void => {
    target.fill(7);
  };
  sha1Base64 = (ascii: string): string => createHash("sha1").update(ascii).digest("base64");
  toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
}

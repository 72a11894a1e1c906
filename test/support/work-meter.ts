// Test support: the work of a synchronous step, counted and not timed: what every block of src/ ran, and what every Map, Set and Array was walked through.
import { Session } from "node:inspector";

/** How often each piece of code ran, by place. */
export type Work = ReadonlyMap<string, number>;

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly startOffset: number; readonly count: number }[];
  }[];
}

/** Walks that the engine does without running a block of ours: each element counts. */
const ARRAY_WALKS = [
  "concat",
  "filter",
  "find",
  "findIndex",
  "includes",
  "indexOf",
  "map",
  "slice",
  "some",
  "splice",
] as const;
type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

function prototypeOfIterator(iterable: Iterable<unknown>): Methods {
  return Object.getPrototypeOf(iterable[Symbol.iterator]()) as Methods;
}

/** Counts while it is open. One at a time; not together with a coverage report, whose counts it would take. Counts of functions that run a thousand times may fall short. */
export class WorkMeter {
  private readonly session = new Session();
  private walked = 0;
  private readonly restore: (() => void)[] = [];

  open(): this {
    this.session.connect();
    this.post("Profiler.enable");
    this.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    for (const walk of ARRAY_WALKS) {
      this.patch(Array.prototype as unknown as Methods, walk, (self) => (self as unknown[]).length);
    }
    for (const iterable of [new Map(), new Set()]) this.patch(prototypeOfIterator(iterable), "next", () => 1);
    for (const type of [Map, Set]) {
      this.patch(type.prototype as unknown as Methods, "forEach", (self) => (self as Map<unknown, unknown>).size);
    }
    return this;
  }

  /** What `step` did, flushes excluded: they belong to the turn. */
  measure(step: () => void): Work {
    this.post("Profiler.takePreciseCoverage");
    this.walked = 0;
    step();
    const walked = this.walked;
    const { result } = this.post("Profiler.takePreciseCoverage") as { result: ScriptCoverage[] };
    const work = new Map<string, number>([["elements walked", walked]]);
    for (const { url, functions } of result) {
      const file = /\/src\/(.*)$/.exec(url)?.[1];
      if (file === undefined) continue;
      for (const { functionName, ranges } of functions) {
        for (const { startOffset, count } of ranges) {
          if (count > 0) work.set(`${file} ${functionName} @${startOffset}`, count);
        }
      }
    }
    return work;
  }

  close(): void {
    for (const undo of this.restore.splice(0)) undo();
    this.post("Profiler.stopPreciseCoverage");
    this.session.disconnect();
  }

  private patch(owner: Methods, name: string, cost: (self: unknown) => number): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor === undefined) throw new Error(`${name} is not where it is looked for`);
    const original = descriptor.value as Method;
    const meter = this;
    const counting = function (this: unknown, ...args: unknown[]): unknown {
      meter.walked += cost(this);
      return Reflect.apply(original, this, args);
    };
    Object.defineProperty(owner, name, { ...descriptor, value: counting });
    this.restore.push(() => void Object.defineProperty(owner, name, descriptor));
  }

  /** The inspector answers within the call when it is asked by its own thread. */
  private post(method: string, params: object = {}): unknown {
    let answer: unknown;
    this.session.post(method, params, (error, result) => {
      if (error !== null) throw new Error(error.message);
      answer = result;
    });
    return answer;
  }
}

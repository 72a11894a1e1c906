// Test support: the work of a synchronous step, counted and not timed: what every block of src/ ran, and what every Map, Set and Array was walked through.
import { Session } from "node:inspector";

/** How often each piece of code ran, by place; and by their names {@link WALKED}, {@link COPIED}, {@link BUFFERS}, and `new Map` for each class. */
export type Work = ReadonlyMap<string, number>;

/** Elements of Maps, Sets and Arrays that were walked through. */
export const WALKED = "elements walked";
/** Bytes that were copied from one buffer into another. */
export const COPIED = "bytes copied";
/** Buffers, and views of buffers. */
export const BUFFERS = "buffers made";

interface ScriptCoverage {
  readonly scriptId: string;
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
/** Classes of the language whose objects are counted as `new Map` and so on. */
const COUNTED_CLASSES = ["Map", "Set", "Promise", "Error"] as const;
/** What makes a buffer, or a view of one. */
const BUFFER_MAKERS = ["alloc", "allocUnsafe", "allocUnsafeSlow", "concat", "from"] as const;
type Method = (...args: unknown[]) => unknown;
type Methods = Record<string, Method>;

function prototypeOfIterator(iterable: Iterable<unknown>): Methods {
  return Object.getPrototypeOf(iterable[Symbol.iterator]()) as Methods;
}

/** Counts while it is open. One at a time; not together with a coverage report, whose counts it would take. Counts of functions that run a thousand times may fall short. */
export class WorkMeter {
  private readonly session = new Session();
  private readonly counts = new Map<string, number>();
  private readonly sources = new Map<string, string>();
  private readonly restore: (() => void)[] = [];

  open(): this {
    this.session.connect();
    this.post("Debugger.enable");
    this.post("Profiler.enable");
    this.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    for (const walk of ARRAY_WALKS) {
      this.patch(Array.prototype as unknown as Methods, walk, WALKED, (self) => (self as unknown[]).length);
    }
    for (const iterable of [new Map(), new Set()]) this.patch(prototypeOfIterator(iterable), "next", WALKED, () => 1);
    for (const type of [Map, Set]) {
      const size = (self: unknown): number => (self as Map<unknown, unknown>).size;
      this.patch(type.prototype as unknown as Methods, "forEach", WALKED, size);
    }
    this.countBuffers();
    for (const name of COUNTED_CLASSES) this.countClass(name);
    return this;
  }

  /** What `step` did, flushes excluded: they belong to the turn. */
  measure(step: () => void): Work {
    this.post("Profiler.takePreciseCoverage");
    this.counts.clear();
    step();
    const counts = [...this.counts];
    const { result } = this.post("Profiler.takePreciseCoverage") as { result: ScriptCoverage[] };
    const work = new Map<string, number>(counts);
    for (const { scriptId, url, functions } of result) {
      const file = /\/src\/(.*)$/.exec(url)?.[1];
      if (file === undefined) continue;
      for (const { functionName, ranges } of functions) {
        const [whole] = ranges;
        const isNamed = /^\w+$/.test(functionName);
        if (isNamed && whole !== undefined && whole.count > 0 && this.isConstructor(scriptId, whole.startOffset)) {
          work.set(`new ${functionName}`, whole.count);
        }
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

  private isConstructor(scriptId: string, offset: number): boolean {
    let source = this.sources.get(scriptId);
    if (source === undefined) {
      source = (this.post("Debugger.getScriptSource", { scriptId }) as { scriptSource: string }).scriptSource;
      this.sources.set(scriptId, source);
    }
    return source.startsWith("constructor(", offset) || source.startsWith("class ", offset);
  }

  private count(what: string, number: number): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + number);
  }

  private countBuffers(): void {
    const bytes = Object.getPrototypeOf(Uint8Array.prototype) as Methods;
    this.patch(bytes, "set", COPIED, (_self, [source]) => (source as ArrayLike<number>).length);
    this.patch(bytes, "slice", COPIED, (_self, _args, result) => (result as Uint8Array).byteLength);
    this.patch(Buffer.prototype as unknown as Methods, "copy", COPIED, (_self, _args, result) => result as number);
    this.patch(Buffer as unknown as Methods, "concat", COPIED, (_self, _args, result) => (result as Buffer).length);
    for (const maker of BUFFER_MAKERS) this.patch(Buffer as unknown as Methods, maker, BUFFERS, () => 1);
    for (const view of ["subarray", "slice"]) {
      this.patch(Buffer.prototype as unknown as Methods, view, BUFFERS, () => 1);
    }
  }

  private countClass(name: (typeof COUNTED_CLASSES)[number]): void {
    const original = globalThis[name];
    const count = (): void => this.count(`new ${name}`, 1);
    const counting = new Proxy(original, {
      construct(target, args, newTarget) {
        count();
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
    Object.defineProperty(globalThis, name, { value: counting, configurable: true, writable: true });
    this.restore.push(() => {
      Object.defineProperty(globalThis, name, { value: original, configurable: true, writable: true });
    });
  }

  private patch(
    owner: Methods,
    name: string,
    what: string,
    cost: (self: unknown, args: readonly unknown[], result: unknown) => number,
  ): void {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor === undefined) throw new Error(`${name} is not where it is looked for`);
    const original = descriptor.value as Method;
    const count = (number: number): void => this.count(what, number);
    const counting = function (this: unknown, ...args: unknown[]): unknown {
      const result = Reflect.apply(original, this, args);
      count(cost(this, args, result));
      return result;
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

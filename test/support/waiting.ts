// Test support: waiting for events instead of sleeping.

/** Whatever has `on` and `off`: Node's emitters, both clients' sockets, managers. */
export interface Listenable {
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
}

/** Milliseconds until a wait gives up. It only bounds a failure: a machine under load may take seconds for what is asked of it. */
const PATIENCE = 20_000;

/** The arguments of the next `event`, or a failure that names the event. */
export async function once<Args extends unknown[] = unknown[]>(
  emitter: unknown,
  event: string,
  within: number = PATIENCE,
): Promise<Args> {
  const [first] = await collect<Args>(emitter, event, 1, within);
  return first as Args;
}

/** The arguments of the next `count` events, in order. */
export function collect<Args extends unknown[] = unknown[]>(
  emitter: unknown,
  event: string,
  count: number,
  within: number = PATIENCE,
): Promise<Args[]> {
  const source = emitter as Listenable;
  return new Promise((resolve, reject) => {
    const seen: Args[] = [];
    const listener = (...args: unknown[]): void => {
      seen.push(args as Args);
      if (seen.length === count) {
        clearTimeout(timer);
        source.off(event, listener);
        resolve(seen);
      }
    };
    const timer = setTimeout(() => {
      source.off(event, listener);
      reject(new Error(`expected ${count} of "${event}" within ${within} ms, came: ${JSON.stringify(seen)}`));
    }, within);
    source.on(event, listener);
  });
}

/** Every value given to the returned function, and a promise for the moment when enough have come. */
export class Ledger<T> {
  readonly entries: T[] = [];
  private waiting: { count: number; resolve: () => void } | undefined;

  add(entry: T): void {
    this.entries.push(entry);
    if (this.waiting !== undefined && this.entries.length >= this.waiting.count) {
      const { resolve } = this.waiting;
      this.waiting = undefined;
      resolve();
    }
  }

  /** Resolves when `count` entries are there. */
  async reaches(count: number, within: number = PATIENCE): Promise<T[]> {
    if (this.entries.length < count) {
      const reached = new Promise<void>((resolve) => {
        this.waiting = { count, resolve };
      });
      await inTime(reached, () => `${count} entries, there are ${this.entries.length}`, within);
    }
    return this.entries;
  }
}

/** `promise`, or a failure that says what was waited for. */
export async function inTime<T>(
  promise: Promise<T>,
  what: string | (() => string),
  within: number = PATIENCE,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited ${within} ms for ${typeof what === "string" ? what : what()}`));
    }, within);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves when `condition` holds; looks again every few milliseconds. For state that no event announces. */
export async function until(condition: () => boolean, what: string, within: number = PATIENCE): Promise<void> {
  const giveUp = performance.now() + within;
  while (!condition()) {
    if (performance.now() > giveUp) throw new Error(`waited ${within} ms until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
}

/**
 * The bounded wait that shows silence: that something does not come can only be shown by waiting for it.
 * Prefer a later event on the same connection, which shows the same without a clock.
 */
export function silence(milliseconds: number = 60): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

// client/ An emitter whose listeners may throw: the error goes where uncaught errors go, and the connection and the other listeners' sockets do not notice.
import { Emitter } from "../event/emitter.js";
import type { EventsMap } from "../event/event-map.js";

/** Base of the public classes. */
export abstract class GuardedEmitter<
  Listen extends EventsMap,
  Emit extends EventsMap,
  Reserved extends EventsMap,
> extends Emitter<Listen, Emit, Reserved> {
  private readonly soon: (fn: () => void) => void;

  /** `soon` calls a function when the turn ends. */
  protected constructor(soon: (fn: () => void) => void) {
    super();
    this.soon = soon;
  }

  /** See {@link guard}. */
  protected guard(fn: () => void, fail?: (cause: unknown) => void): void {
    guard(this.soon, fn, fail);
  }

  /** `fail` is told what a listener threw, or its promise was rejected with, and the error goes its way none the less. */
  protected override dispatch(event: unknown, args: readonly unknown[], fail?: (cause: unknown) => void): boolean {
    let heard = true;
    this.guard(() => {
      heard = super.dispatch(event, args, fail && ((result) => watch(result as Promise<unknown> | undefined, fail)));
    }, fail);
    return heard;
  }
}

/** Calls `fn`. What it throws is thrown again at the end of the turn, with nobody around to catch it. */
export function guard(soon: (fn: () => void) => void, fn: () => void, fail?: (cause: unknown) => void): void {
  try {
    fn();
  } catch (error) {
    soon(() => {
      throw error;
    });
    if (fail) fail(error);
  }
}

function watch(result: Promise<unknown> | undefined, fail: (cause: unknown) => void): void {
  if (!result || !result.then) return;
  result.then(undefined, (cause) => {
    fail(cause);
    throw cause;
  });
}

// browser/compact/ The emitter of the small client: what a listener throws is thrown again when the turn is over, and neither the connection nor others notice.
import { Emitter } from "../../event/emitter.js";
import type { DefaultEventsMap } from "../../event/event-map.js";

/** Base of the public classes. */
export abstract class GuardedEmitter extends Emitter<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap> {
  /** `each` gets what each listener returned, and `fail` what one threw. */
  protected override dispatch(
    event: unknown,
    args: readonly unknown[],
    each?: (result: unknown) => void,
    fail?: Fail,
  ): boolean {
    return !!guard(() => super.dispatch(event, args, each), fail);
  }
}

/** Told what went wrong. @internal */
export type Fail = (cause: unknown) => void;

/** Calls `fn`. What it throws is thrown again with nobody around to catch it. */
export function guard<T>(fn: () => T, fail?: Fail): T | undefined {
  try {
    return fn();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
    if (fail) fail(error);
    return undefined;
  }
}

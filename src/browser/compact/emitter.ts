// browser/compact/ The emitter of the small client: what a listener throws is thrown again when the turn is over, and neither the connection nor others notice.
import { Emitter } from "../../event/emitter.js";
import type { DefaultEventsMap } from "../../event/event-map.js";

/** Base of the public classes. */
export abstract class GuardedEmitter extends Emitter<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap> {
  protected override dispatch(event: unknown, args: readonly unknown[]): boolean {
    return !!guard(() => super.dispatch(event, args));
  }
}

/** Calls `fn`. What it throws is thrown again with nobody around to catch it. */
export function guard<T>(fn: () => T): T | undefined {
  try {
    return fn();
  } catch (error) {
    setTimeout(() => {
      throw error;
    });
    return undefined;
  }
}

// server/ An emitter below the events: what its listeners throw or reject with is the program's error, and does not reach the code that read the packet (ARCHITECTURE.md, "Trust").
import { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { EngineSocket } from "./engine-socket.js";
import { receiveRejections } from "./strict-event-emitter.js";

/** Where an error of the program's own functions arose below the events. */
export interface EngineFailure {
  /** `allowRequest`, `generateId`, `locate`, `cors`, `engine middleware`, or the event whose listener it was. */
  readonly event: string | symbol;
  readonly request?: IncomingMessage | undefined;
  readonly connection?: EngineSocket | undefined;
}

const CAPTURE = { captureRejections: true };

/** The base of `io.engine` and `socket.conn`. */
export abstract class GuardedEmitter extends EventEmitter {
  constructor() {
    super(CAPTURE);
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    try {
      return super.emit(event, ...args);
    } catch (cause) {
      this.listenerFailed(cause, event, args);
      return true;
    }
  }

  /** @internal A listener of `event` threw, or its promise was rejected. */
  abstract listenerFailed(cause: unknown, event: string | symbol, args: readonly unknown[]): void;
}

receiveRejections(GuardedEmitter as unknown as { prototype: GuardedEmitter }, (emitter, cause, event, args) =>
  emitter.listenerFailed(cause, event, args),
);

// server/ Where the errors of handlers and middlewares go (ARCHITECTURE.md, "Trust"): to the program's hook, or to the console at a bounded rate.
import type { IncomingMessage } from "node:http";
import { type ErrorCode, VaivenError } from "../errors.js";
import type { Clock } from "../session/platform.js";
import type { EngineSocket } from "./engine-socket.js";
import type { EngineFailure } from "./guarded-emitter.js";
import { isThenable } from "./middleware.js";
import type { AnyNamespace } from "./namespace.js";
import type { AnySocket } from "./socket.js";

/** Where an error arose. */
export interface ErrorContext {
  /** The socket whose event, middleware or acknowledgement it was; absent for what belongs to no socket. */
  readonly socket?: AnySocket | undefined;
  readonly namespace?: AnyNamespace | undefined;
  /**
   * The name of the event; `connection` for connection handlers. For functions that are no handlers their name: `adapter`, `parser`, `close`,
   * `allowRequest`, `generateId`, `locate`, `cors`, `engine middleware`.
   */
  readonly event?: unknown;
  /** The request that was being decided about. */
  readonly request?: IncomingMessage | undefined;
  /** The `socket.conn` whose listener it was. */
  readonly connection?: EngineSocket | undefined;
}

/**
 * Receives the errors of the program's own handlers.
 * `error.code` is `HANDLER_FAILED` or `MIDDLEWARE_FAILED`, `error.cause` what was thrown.
 */
export type ErrorHook = (error: VaivenError, context: ErrorContext) => void;

/** The functions of the program that decide about a request. */
const DECIDING: ReadonlySet<unknown> = new Set(["allowRequest", "generateId", "locate", "cors", "engine middleware"]);

/** This many errors are printed in each window of time; the others are counted. */
const SHOWN_PER_WINDOW = 10;
const WINDOW_MS = 10_000;

/** Takes every error of user code that would otherwise be lost or end the process. */
export class ErrorReporter {
  /** Set by `io.onError`. */
  hook: ErrorHook | undefined = undefined;
  private readonly clock: Clock;
  private readonly rethrow: boolean;
  private shown = 0;
  private hidden = 0;
  private windowEnds = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, rethrow: boolean) {
    this.clock = clock;
    this.rethrow = rethrow;
  }

  /** A handler, listener or acknowledgement callback threw. */
  handlerFailed(cause: unknown, context: ErrorContext): void {
    this.report("HANDLER_FAILED", "handler", cause, context);
  }

  /** The promise that a handler returned was rejected. */
  handlerRejected(cause: unknown, context: ErrorContext): void {
    if (this.rethrow) void Promise.reject(cause);
    else this.report("HANDLER_FAILED", "handler", cause, context);
  }

  /** Calls what Node's emitter does not call for us: what it throws, or its promise rejects with, is reported. */
  guard(call: () => unknown, context: ErrorContext): void {
    try {
      const result = call();
      if (isThenable(result)) result.then(undefined, (cause) => this.handlerRejected(cause, context));
    } catch (cause) {
      this.handlerFailed(cause, context);
    }
  }

  /** A middleware threw or rejected. */
  middlewareFailed(cause: unknown, context: ErrorContext): void {
    this.report("MIDDLEWARE_FAILED", "middleware", cause, context);
  }

  /** A middleware refused an event with `next(error)`, and nobody listens to the socket's `error`. Socket.IO throws nothing for it. */
  eventRefused(cause: unknown, context: ErrorContext): void {
    if (this.rethrow) return;
    this.report(
      "MIDDLEWARE_FAILED",
      "middleware",
      cause,
      context,
      'refused it, and nobody listens to "error" of the socket',
    );
  }

  /** A function or a listener below the events failed. */
  engineFailed(cause: unknown, { event, ...where }: EngineFailure): void {
    const decides = DECIDING.has(event);
    this.report(decides ? "MIDDLEWARE_FAILED" : "HANDLER_FAILED", decides ? "function" : "listener", cause, {
      event,
      ...where,
    });
  }

  private report(code: ErrorCode, what: string, cause: unknown, context: ErrorContext, did = "threw"): void {
    if (this.rethrow) {
      // Out of this stack: the reader below must not be interrupted by it.
      this.clock.soon(() => {
        throw cause;
      });
      return;
    }
    const namespace = context.namespace?.name ?? context.socket?.nsp.name;
    const event = context.event === undefined ? undefined : String(context.event);
    const error = new VaivenError(
      code,
      `the ${what}${event === undefined ? "" : ` of "${event}"`}${namespace === undefined ? "" : ` in ${namespace}`} ${did}: ${messageOf(cause)}`,
      { cause, detail: { namespace, event, socket: context.socket?.id } },
    );
    this.tell(error, context);
  }

  /** An event could not be sent, and who emitted it is told in no other way. */
  emitFailed(error: VaivenError, context: ErrorContext): void {
    this.tell(error, context);
  }

  private tell(error: VaivenError, context: ErrorContext): void {
    if (this.hook === undefined) this.print(error);
    else {
      try {
        this.hook(error, context);
      } catch (hookError) {
        this.print(error);
        this.print(hookError);
      }
    }
  }

  private print(error: unknown): void {
    const now = this.clock.now();
    if (now >= this.windowEnds) {
      this.windowEnds = now + WINDOW_MS;
      this.shown = 0;
    }
    if (this.shown < SHOWN_PER_WINDOW) {
      this.shown++;
      console.error(error);
      return;
    }
    if (this.hidden++ === 0) this.clock.after(this.windowEnds - now, () => this.tellHidden(), true);
  }

  private tellHidden(): void {
    console.error(
      `vaiven: ${this.hidden} more errors of handlers in the last ${WINDOW_MS / 1000} s; io.onError(fn) receives all of them`,
    );
    this.hidden = 0;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

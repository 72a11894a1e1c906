// server/ The receiving half of a socket: middlewares and listeners of events, catch-all listeners both ways, and what becomes of their errors.
import type { EventsMap, Unchecked } from "../event/event-map.js";
import { append, type ListenerList, prepend, remove } from "../event/listener-list.js";
import { type Middleware, runMiddlewares } from "./middleware.js";
import type { Event } from "./socket-types.js";
import { emitLocally, type LateEmitterState, LateEventEmitter } from "./strict-event-emitter.js";

/** A catch-all listener: the event's name, then its arguments. */
type AnyListener = (...args: Unchecked[]) => void;

/** Calls listeners so that no error of theirs reaches who read the packet. */
export abstract class EventReceiver<Listen extends EventsMap, Emit extends EventsMap, Reserved extends EventsMap>
  extends LateEventEmitter<Listen, Emit, Reserved>
  implements LateEmitterState
{
  /** @internal */
  hasListenerTable = false;
  private anyIncoming: ListenerList<AnyListener> | undefined = undefined;
  private anyOutgoing: ListenerList<AnyListener> | undefined = undefined;
  private middlewares: Middleware<Event>[] | undefined = undefined;

  /**
   * Adds a middleware for each event that comes, `([event, ...args], next)`, run in the order in which they were added; an acknowledgement's function is the last
   * of `args`. `next()` goes on; `next(error)` drops the event, emits `error` here, and a client of vaivén that awaits an acknowledgement gets the error. Where
   * nobody listens to `error`, and for a throw or a rejection, which drop the event too, `io.onError` is told.
   */
  use(fn: (event: Event, next: (err?: Error) => void) => void): this {
    this.middlewares ??= [];
    this.middlewares.push(fn);
    return this;
  }

  /**
   * Adds a listener of every event that comes, called with its name and arguments before middlewares and the event's own listeners. What it throws is
   * reported to `io.onError`. The same one added twice is called twice.
   */
  onAny(listener: AnyListener): this {
    this.anyIncoming = append(this.anyIncoming, listener);
    return this;
  }

  /** As {@link onAny}, before the others. */
  prependAny(listener: AnyListener): this {
    this.anyIncoming = prepend(this.anyIncoming, listener);
    return this;
  }

  /** Removes one catch-all listener, or, without an argument, all of them. Removing one that was not added is no error. */
  offAny(listener?: AnyListener): this {
    this.anyIncoming = remove(this.anyIncoming, listener);
    return this;
  }

  /** The catch-all listeners: a copy. */
  listenersAny(): AnyListener[] {
    return [...(this.anyIncoming ?? [])];
  }

  /** Adds a listener of every event that is sent to this client, also by broadcasts, called with its name and arguments. Acknowledgements are no events. */
  onAnyOutgoing(listener: AnyListener): this {
    this.anyOutgoing = append(this.anyOutgoing, listener);
    return this;
  }

  /** As {@link onAnyOutgoing}, before the others. */
  prependAnyOutgoing(listener: AnyListener): this {
    this.anyOutgoing = prepend(this.anyOutgoing, listener);
    return this;
  }

  /** Removes one catch-all listener of outgoing events, or, without an argument, all of them. */
  offAnyOutgoing(listener?: AnyListener): this {
    this.anyOutgoing = remove(this.anyOutgoing, listener);
    return this;
  }

  /** The catch-all listeners of outgoing events: a copy. */
  listenersAnyOutgoing(): AnyListener[] {
    return [...(this.anyOutgoing ?? [])];
  }

  /** @internal Whether anybody listens to what goes out. */
  get hasOutgoingListeners(): boolean {
    return this.anyOutgoing !== undefined;
  }

  /** An event of the peer's: catch-all listeners, middlewares, listeners. */
  protected receive(event: unknown[]): void {
    if (this.anyIncoming !== undefined) this.tell(this.anyIncoming, event);
    if (this.middlewares === undefined) this.dispatch(event);
    else this.runMiddlewares(this.middlewares, event as Event);
  }

  /** Calls the listeners of an event. Node's `emit` without a spread for the usual numbers of arguments: this is the path of every message. */
  protected dispatch(event: readonly unknown[]): void {
    // A peer may send an event of this name, at which Node throws if nobody listens.
    if (event[0] === "error" && this.listenerCount("error") === 0) {
      this.unheard(event);
      return;
    }
    let isHeard: boolean;
    try {
      switch (event.length) {
        case 1:
          isHeard = emitLocally.call(this, event[0]);
          break;
        case 2:
          isHeard = emitLocally.call(this, event[0], event[1]);
          break;
        case 3:
          isHeard = emitLocally.call(this, event[0], event[1], event[2]);
          break;
        default:
          isHeard = emitLocally.apply(this, event as [unknown, ...unknown[]]);
      }
    } catch (cause) {
      this.handlerFailed(cause, event[0]);
      this._eventFailed(cause, event);
      return;
    }
    if (!isHeard) this.unheard(event);
  }

  protected emitReserved(event: keyof Reserved & string, ...args: unknown[]): void {
    try {
      emitLocally.call(this, event, ...args);
    } catch (cause) {
      this.handlerFailed(cause, event);
    }
  }

  protected tellOutgoing(event: readonly unknown[]): void {
    if (this.anyOutgoing !== undefined) this.tell(this.anyOutgoing, event);
  }

  /** @internal An event was refused, or what came cannot be read. False where nobody listens. */
  _tellError(error: unknown): boolean {
    if (this.listenerCount("error") === 0) return false;
    this.emitReserved("error", error);
    return true;
  }

  /** @internal A listener of an event of the peer failed. Its error was reported. */
  abstract _eventFailed(cause: unknown, event: readonly unknown[]): void;

  /** Whether what comes from the peer reaches listeners now. */
  protected abstract get isReceiving(): boolean;

  /** An event has passed the middlewares, but the socket has stopped receiving meanwhile. */
  protected abstract onLate(event: Event): void;

  /** An event of the peer's has no listener of its own. */
  protected abstract unheard(event: readonly unknown[]): void;

  /** Calls a listener that Node's emitter does not know. */
  protected abstract guard(call: () => unknown, event: unknown): void;

  /** A listener threw. */
  protected abstract handlerFailed(cause: unknown, event: unknown): void;

  /** A middleware threw. */
  protected abstract middlewareFailed(cause: unknown, event: unknown): void;

  /** A middleware refused an event, and nobody listens to `error`. */
  protected abstract eventRefused(cause: unknown, event: unknown): void;

  /** Whether catch-all listeners hear of every event. */
  protected get hasIncomingListeners(): boolean {
    return this.anyIncoming !== undefined;
  }

  private tell(listeners: ListenerList<AnyListener>, event: readonly unknown[]): void {
    for (const listener of listeners) this.guard(() => listener.apply(this, event as unknown[]), event[0]);
  }

  private runMiddlewares(chain: readonly Middleware<Event>[], event: Event): void {
    runMiddlewares(chain, event, {
      onDone: (error) => {
        if (error !== undefined) {
          if (this.isReceiving && !this._tellError(error)) this.eventRefused(error, event[0]);
          this._eventFailed(error, event);
        } else if (this.isReceiving) this.dispatch(event);
        else this.onLate(event);
      },
      onThrown: (cause) => {
        this.middlewareFailed(cause, event[0]);
        this._eventFailed(cause, event);
      },
    });
  }
}

// event/ The emitter of the client and of other code that knows no Node: ordered, and unmoved by listeners that come and go while it emits.
import type {
  DefaultEventsMap,
  EventNames,
  EventParams,
  EventsMap,
  ReservedOrUserEventNames,
  ReservedOrUserListener,
  Unchecked,
} from "./event-map.js";
import { append, type Listener, type ListenerList, prepend, removeFirst } from "./listener-list.js";

/** A catch-all listener: the event's name, then its arguments. */
export type AnyListener = (...args: Unchecked[]) => void;

/** A listener that `once` wrapped; `off` finds it by what it wraps. */
type OnceListener = Listener & { fn?: Listener };

/**
 * A small typed emitter with the names of component-emitter, and catch-all listeners.
 *
 * Listeners run in the order in which they were added. One that is added while an event is emitted does not see that event,
 * one that is removed meanwhile still does.
 *
 * @typeParam Listen - the events that may be listened to
 * @typeParam Emit - the events that may be emitted
 * @typeParam Reserved - further events that may be listened to and that only the class itself emits
 */
export class Emitter<
  Listen extends EventsMap = DefaultEventsMap,
  Emit extends EventsMap = Listen,
  Reserved extends EventsMap = Record<never, never>,
> {
  /** By name; a number is the same name as its digits. */
  private handlers: Record<PropertyKey, ListenerList> = Object.create(null);
  private incoming: ListenerList<AnyListener> | undefined;
  private outgoing: ListenerList<AnyListener> | undefined;

  /** Adds a listener. The same one may be added twice, and is then called twice. */
  on<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event: Ev,
    listener: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this {
    const { handlers } = this;
    handlers[event] = append(handlers[event], listener as Listener);
    return this;
  }

  /** Adds a listener that is removed before its first call. */
  once<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event: Ev,
    listener: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this {
    const wrapped: OnceListener = (...args: never[]) => {
      this.off(event, wrapped as typeof listener);
      return (listener as Listener).apply(this, args);
    };
    wrapped.fn = listener;
    return this.on(event, wrapped as typeof listener);
  }

  off<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event?: Ev,
    listener?: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this;
  /**
   * Removes one listener, all listeners of an event, or all listeners of all events. Catch-all listeners stay: see {@link offAny}.
   */
  off(...args: unknown[]): this {
    // How many arguments there are tells what is meant: one that is undefined is no invitation to remove everything.
    const { handlers } = this;
    const [event, listener] = args as [PropertyKey, Listener | undefined];
    const rest = args.length > 1 && removeFirst<OnceListener>(handlers[event], listener);
    if (!args.length) this.handlers = Object.create(null);
    else if (rest) handlers[event] = rest;
    else delete handlers[event];
    return this;
  }

  /** Calls the listeners of `event`, in order. Subclasses that send events override it. */
  emit<Ev extends EventNames<Emit>>(event: Ev, ...args: EventParams<Emit, Ev>): this {
    this.dispatch(event, args);
    return this;
  }

  /** Calls the listeners of an event that only the class itself emits. */
  protected emitReserved<Ev extends EventNames<Reserved>>(event: Ev, ...args: EventParams<Reserved, Ev>): void {
    this.dispatch(event, args);
  }

  /** Calls the listeners of `event` here, whatever {@link emit} does in a subclass. False if there are none. `each` gets what each returned. */
  protected dispatch(event: unknown, args: readonly unknown[], each?: (result: unknown) => void): boolean {
    const known = this.handlers[event as PropertyKey];
    for (const listener of known || []) {
      const result: unknown = listener.apply(this, args as never[]);
      if (each) each(result);
    }
    return !!known;
  }

  /** Tells the catch-all listeners of an event that came in: its name, then its arguments. */
  protected notifyIncoming(event: readonly unknown[]): void {
    if (this.incoming) for (const listener of this.incoming) listener.apply(this, event as never[]);
  }

  /** Tells the catch-all listeners of an event that goes out: its name, then its arguments. */
  protected notifyOutgoing(event: readonly unknown[]): void {
    if (this.outgoing) for (const listener of this.outgoing) listener.apply(this, event as never[]);
  }

  /** The listeners of `event`: a copy, without the wrappers of {@link once}. */
  listeners<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event: Ev,
  ): ReservedOrUserListener<Reserved, Listen, Ev>[] {
    return (this.handlers[event] || []).map((entry: OnceListener) => entry.fn || entry) as ReservedOrUserListener<
      Reserved,
      Listen,
      Ev
    >[];
  }

  /** Whether `event` has a listener. */
  hasListeners<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(event: Ev): boolean {
    return !!this.handlers[event];
  }

  /** As {@link on}: component-emitter's name. */
  addEventListener<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event: Ev,
    listener: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this {
    return this.on(event, listener);
  }

  removeListener<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event?: Ev,
    listener?: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this;
  /** As {@link off}: component-emitter's name. */
  removeListener(...args: unknown[]): this {
    return this.off(...(args as []));
  }

  removeEventListener<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event?: Ev,
    listener?: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this;
  /** As {@link off}: component-emitter's name. */
  removeEventListener(...args: unknown[]): this {
    return this.off(...(args as []));
  }

  removeAllListeners<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(event?: Ev): this;
  /** As {@link off}: removes all listeners of an event, or of all events. */
  removeAllListeners(...args: unknown[]): this {
    return this.off(...(args as []));
  }

  /** Adds a listener of every event that comes in, called with its name and arguments before the event's own listeners. */
  onAny(listener: AnyListener): this {
    this.incoming = append(this.incoming, listener);
    return this;
  }

  /** As {@link onAny}, before the others. */
  prependAny(listener: AnyListener): this {
    this.incoming = prepend(this.incoming, listener);
    return this;
  }

  /** Removes one catch-all listener, or all of them. */
  offAny(listener?: AnyListener): this {
    this.incoming = listener && removeFirst(this.incoming, listener);
    return this;
  }

  /** The catch-all listeners: a copy. */
  listenersAny(): AnyListener[] {
    return (this.incoming || []).slice();
  }

  /** Adds a listener of every event that goes out, called with its name and arguments. */
  onAnyOutgoing(listener: AnyListener): this {
    this.outgoing = append(this.outgoing, listener);
    return this;
  }

  /** As {@link onAnyOutgoing}, before the others. */
  prependAnyOutgoing(listener: AnyListener): this {
    this.outgoing = prepend(this.outgoing, listener);
    return this;
  }

  /** Removes one catch-all listener of outgoing events, or all of them. */
  offAnyOutgoing(listener?: AnyListener): this {
    this.outgoing = listener && removeFirst(this.outgoing, listener);
    return this;
  }

  /** The catch-all listeners of outgoing events: a copy. */
  listenersAnyOutgoing(): AnyListener[] {
    return (this.outgoing || []).slice();
  }
}

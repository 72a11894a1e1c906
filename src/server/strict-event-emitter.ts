// server/ Node's EventEmitter under the types of event maps. The base of Server, Namespace and Socket, which are `instanceof EventEmitter`.
import { EventEmitter } from "node:events";
import type {
  EventNames,
  EventParams,
  EventsMap,
  ReservedOrUserEventNames,
  ReservedOrUserListener,
} from "../event/event-map.js";

/** Node's EventEmitter, with events and arguments checked. */
export interface StrictEventEmitter<
  Listen extends EventsMap,
  Emit extends EventsMap,
  Reserved extends EventsMap = Record<never, never>,
> extends EventEmitter {
  on<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    ev: Ev,
    listener: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this;
  once<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    ev: Ev,
    listener: ReservedOrUserListener<Reserved, Listen, Ev>,
  ): this;
  emit<Ev extends EventNames<Emit>>(ev: Ev, ...args: EventParams<Emit, Ev>): boolean;
  listeners<Ev extends ReservedOrUserEventNames<Reserved, Listen>>(
    event: Ev,
  ): ReservedOrUserListener<Reserved, Listen, Ev>[];
}

type StrictEventEmitterConstructor = new <
  Listen extends EventsMap,
  Emit extends EventsMap,
  Reserved extends EventsMap = Record<never, never>,
>(options?: {
  captureRejections?: boolean;
}) => StrictEventEmitter<Listen, Emit, Reserved>;

/** The class itself is Node's: nothing stands between a call and it. */
export const StrictEventEmitter: StrictEventEmitterConstructor =
  EventEmitter as unknown as StrictEventEmitterConstructor;

const addingMethods = ["on", "addListener", "prependListener"] as const;
/** Node's emitter is a function that older programs call on objects of their own (its documentation, `util.inherits`). */
const becomeEmitter = EventEmitter as unknown as (this: object, options: { captureRejections: boolean }) => void;

/** Only its prototype matters: no instance goes through EventEmitter's constructor before it has a listener. */
function Late(): void {}
Object.setPrototypeOf(Late, EventEmitter);
Late.prototype = Object.create(EventEmitter.prototype, {
  constructor: { value: Late, configurable: true, writable: true },
});
for (const name of addingMethods) {
  const add = EventEmitter.prototype[name];
  Object.defineProperty(Late.prototype, name, {
    configurable: true,
    writable: true,
    value: function (this: EventEmitter & LateEmitterState, event: string | symbol, listener: () => void) {
      if (!this.hasListenerTable) {
        this.hasListenerTable = true;
        becomeEmitter.call(this, { captureRejections: true });
      }
      return add.call(this, event, listener);
    },
  });
}

/** A field of its own in every {@link LateEventEmitter}. */
export interface LateEmitterState {
  hasListenerTable: boolean;
}

/**
 * The same with `captureRejections`, for objects of which there are many and that mostly have few listeners, or none: the table that Node makes for them
 * takes 250 bytes, so it is made with the first one. Everything that only looks works without it. Whoever extends it declares {@link LateEmitterState}.
 */
export const LateEventEmitter: StrictEventEmitterConstructor = Late as unknown as StrictEventEmitterConstructor;

/** Calls the listeners of an emitter whose own `emit` sends. */
export const emitLocally: (this: unknown, event: unknown, ...args: unknown[]) => boolean = EventEmitter.prototype
  .emit as (this: unknown, event: unknown, ...args: unknown[]) => boolean;

/**
 * Where the rejected promises of the listeners of a class go. Node calls this for emitters made with `captureRejections`;
 * it is set on the prototype because the symbol is no name that a declaration file can carry.
 */
export function receiveRejections<T extends object>(
  type: { prototype: T },
  receive: (emitter: T, cause: unknown, event: string | symbol, args: unknown[]) => void,
): void {
  Object.defineProperty(type.prototype, EventEmitter.captureRejectionSymbol, {
    configurable: true,
    writable: true,
    value: function (this: T, cause: unknown, event: string | symbol, ...args: unknown[]): void {
      receive(this, cause, event, args);
    },
  });
}

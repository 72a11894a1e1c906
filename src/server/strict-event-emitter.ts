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

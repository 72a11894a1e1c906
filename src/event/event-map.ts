// event/ The types of event maps: which events there are, what their listeners take, how acknowledgements look to each side. Types only.
// Names and effects are those of Socket.IO 4.8, so that programs typed for it compile (docs/reference/compatibility.md).

/** The type of what was not checked: what `JSON.parse` returns. Untyped event maps are made of it, which lets untyped programs compile. */
export type Unchecked = ReturnType<typeof JSON.parse>;

/** An event map: from the name of an event to the signature of its listeners. */
export interface EventsMap {
  [event: string]: Unchecked;
}

/** The event map of programs that declare none: events of every name, with whatever arguments. */
export interface DefaultEventsMap {
  [event: string]: (...args: Unchecked[]) => void;
}

type AnyFunction = (...args: Unchecked[]) => Unchecked;
type IsUnchecked<T> = 0 extends 1 & T ? true : false;

/** The names of the events of a map. */
export type EventNames<Events extends EventsMap> = keyof Events & (string | symbol);

/** The arguments of an event. */
export type EventParams<Events extends EventsMap, Ev extends EventNames<Events>> = Parameters<Events[Ev]>;

/** The names of user events and of those that the class emits itself. */
export type ReservedOrUserEventNames<Reserved extends EventsMap, User extends EventsMap> =
  | EventNames<Reserved>
  | EventNames<User>;

/** The listener of an event; a reserved event wins over a user's event of the same name. */
export type ReservedOrUserListener<
  Reserved extends EventsMap,
  User extends EventsMap,
  Ev extends ReservedOrUserEventNames<Reserved, User>,
> = FallbackToUntyped<Ev extends EventNames<Reserved> ? Reserved[Ev] : Ev extends EventNames<User> ? User[Ev] : never>;

/** A listener of an unknown event is untyped instead of impossible. */
type FallbackToUntyped<T> = [T] extends [never] ? (...args: Unchecked[]) => void | Promise<void> : T;

/** The last element of a tuple; `never` where the tuple is empty. */
export type Last<T extends Unchecked[]> = T extends [...infer _Rest, infer Tail] ? Tail : T[number];

/** A tuple less its last element. */
export type AllButLast<T extends Unchecked[]> = T extends [...infer Rest, infer _Tail] ? Rest : Unchecked[];

/** The first element of a tuple that is no error: what a promise of an acknowledgement gives. */
export type FirstNonErrorTuple<T extends unknown[]> = T[0] extends Error ? T[1] : T[0];

/** The first argument of an acknowledgement that is no error. */
export type FirstNonErrorArg<T> = T extends (...args: infer Params) => Unchecked
  ? FirstNonErrorTuple<Params>
  : Unchecked;

/** Whether the last argument of a listener is an acknowledgement; `boolean` where the listener is unchecked. */
type HasAck<Signature> =
  IsUnchecked<Signature> extends true
    ? boolean
    : Signature extends AnyFunction
      ? IsUnchecked<Last<Parameters<Signature>>> extends true
        ? boolean
        : [Last<Parameters<Signature>>] extends [never]
          ? false
          : Last<Parameters<Signature>> extends AnyFunction
            ? true
            : false
      : false;

/** The names of the events whose last argument is an acknowledgement. */
export type EventNamesWithAck<
  Events extends EventsMap,
  K extends EventNames<Events> = EventNames<Events>,
> = K extends unknown ? (true extends HasAck<Events[K]> ? K : never) : never;

/** The names of the events whose last argument is no acknowledgement: those that a broadcast without a timeout may send. */
export type EventNamesWithoutAck<
  Events extends EventsMap,
  K extends EventNames<Events> = EventNames<Events>,
> = K extends unknown ? (false extends HasAck<Events[K]> ? K : never) : never;

/** The names of the events whose acknowledgement begins with an error. */
export type EventNamesWithError<
  Events extends EventsMap,
  K extends EventNamesWithAck<Events> = EventNamesWithAck<Events>,
> = K extends unknown
  ? IsUnchecked<Last<Parameters<Events[K]>>> extends true
    ? K
    : Last<Parameters<Events[K]>> extends (...args: infer Params) => Unchecked
      ? Params[0] extends Error
        ? K
        : never
      : never
  : never;

/** An event map without the events that are acknowledged. */
export type RemoveAcknowledgements<Events extends EventsMap> = {
  [K in EventNamesWithoutAck<Events>]: Events[K];
};

type WithError<Params extends Unchecked[]> = {
  [K in keyof Params]: Params[K] extends (...args: infer Inner) => infer Result
    ? Inner[0] extends Error
      ? Params[K]
      : (error: Error, ...args: Inner) => Result
    : Params[K];
};

type WithResponses<Params extends Unchecked[]> = {
  [K in keyof Params]: Params[K] extends (...args: infer Inner) => infer Result
    ? Inner extends [] | [Error]
      ? Params[K]
      : Inner extends [infer First, infer Second, ...infer _Rest]
        ? [First] extends [Error]
          ? (error: Error, responses: Second[]) => Result
          : (responses: First[]) => Result
        : Inner[0] extends Error
          ? Params[K]
          : (responses: Inner[0][]) => Result
    : Params[K];
};

type MapParams<Signature, Params extends Unchecked[]> = Signature extends (...args: Unchecked[]) => infer Result
  ? (...args: Params) => Result
  : Signature;

/** Under a timeout: every acknowledgement takes an error first. */
export type DecorateAcknowledgements<Events> = {
  [K in keyof Events]: Events[K] extends (...args: infer Params) => Unchecked
    ? MapParams<Events[K], WithError<Params>>
    : Events[K];
};

/** A client's emit under a timeout: every acknowledgement takes the timeout's error, then what the server answers, be that an error too. */
export type TimedAcknowledgements<Events> = {
  [K in keyof Events]: Events[K] extends (...args: infer Params) => infer Result
    ? (...args: WithTimeoutError<Params>) => Result
    : Events[K];
};

type WithTimeoutError<Params extends Unchecked[]> = {
  [K in keyof Params]: Params[K] extends (...args: infer Inner) => infer Result
    ? (error: Error, ...args: Inner) => Result
    : Params[K];
};

/** A broadcast under a timeout: every acknowledgement takes an error, then one response a client. */
export type DecorateAcknowledgementsWithTimeoutAndMultipleResponses<Events> = {
  [K in keyof Events]: Events[K] extends (...args: infer Params) => Unchecked
    ? MapParams<Events[K], WithResponses<WithError<Params>>>
    : Events[K];
};

/** A broadcast: every acknowledgement takes one response a client. */
export type DecorateAcknowledgementsWithMultipleResponses<Events> = {
  [K in keyof Events]: Events[K] extends (...args: infer Params) => Unchecked
    ? MapParams<Events[K], WithResponses<Params>>
    : Events[K];
};

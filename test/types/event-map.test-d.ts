// Types: our event-map types are equal in effect to those of npm's socket.io 4.8, map by map.
import type * as Stock from "../../node_modules/socket.io/dist/typed-events.js";
import type * as Ours from "../../src/event/event-map.js";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Expect<T extends true> = T;

interface Events {
  nothing: () => void;
  one: (text: string) => void;
  two: (text: string, n: number) => void;
  optional: (text?: string) => void;
  ack: (text: string, ack: (answer: number) => void) => void;
  ackPair: (ack: (answer: number, more: string) => void) => void;
  ackEmpty: (ack: () => void) => void;
  ackError: (text: string, ack: (error: Error, answer: boolean) => void) => void;
  callbacks: (first: (a: string) => void, ack: (b: number) => void) => void;
  loose: (...args: string[]) => void;
}
type Default = Ours.DefaultEventsMap;

export type Checks = [
  Expect<Equal<Ours.DefaultEventsMap, Stock.DefaultEventsMap>>,
  Expect<Equal<Ours.EventsMap, Stock.EventsMap>>,
  Expect<Equal<Ours.EventNames<Events>, Stock.EventNames<Events>>>,
  Expect<Equal<Ours.EventNames<Default>, Stock.EventNames<Default>>>,
  Expect<Equal<Ours.EventNamesWithAck<Events>, Stock.EventNamesWithAck<Events>>>,
  Expect<Equal<Ours.EventNamesWithAck<Default>, Stock.EventNamesWithAck<Default>>>,
  Expect<Equal<Ours.EventNamesWithoutAck<Events>, Stock.EventNamesWithoutAck<Events>>>,
  Expect<Equal<Ours.EventNamesWithoutAck<Default>, Stock.EventNamesWithoutAck<Default>>>,
  Expect<Equal<Ours.EventNamesWithError<Events>, Stock.EventNamesWithError<Events>>>,
  Expect<Equal<Ours.EventNamesWithError<Default>, Stock.EventNamesWithError<Default>>>,
  Expect<Equal<Ours.RemoveAcknowledgements<Events>, Stock.RemoveAcknowledgements<Events>>>,
  Expect<Equal<Ours.RemoveAcknowledgements<Default>, Stock.RemoveAcknowledgements<Default>>>,
  Expect<Equal<Ours.DecorateAcknowledgements<Events>, Stock.DecorateAcknowledgements<Events>>>,
  Expect<Equal<Ours.DecorateAcknowledgements<Default>, Stock.DecorateAcknowledgements<Default>>>,
  Expect<
    Equal<
      Ours.DecorateAcknowledgementsWithTimeoutAndMultipleResponses<Events>,
      Stock.DecorateAcknowledgementsWithTimeoutAndMultipleResponses<Events>
    >
  >,
  Expect<
    Equal<
      Ours.DecorateAcknowledgementsWithMultipleResponses<Events>,
      Stock.DecorateAcknowledgementsWithMultipleResponses<Events>
    >
  >,
  Expect<Equal<Ours.AllButLast<[1, 2, 3]>, Stock.AllButLast<[1, 2, 3]>>>,
  Expect<Equal<Ours.Last<[1, 2, 3]>, Stock.Last<[1, 2, 3]>>>,
  Expect<Equal<Ours.Last<[]>, Stock.Last<[]>>>,
  Expect<Equal<Ours.AllButLast<[]>, Stock.AllButLast<[]>>>,
  Expect<Equal<Ours.FirstNonErrorArg<Events["ack"]>, Stock.FirstNonErrorArg<Events["ack"]>>>,
  Expect<
    Equal<
      Ours.ReservedOrUserListener<{ x: () => void }, Events, "x">,
      Stock.ReservedOrUserListener<{ x: () => void }, Events, "x">
    >
  >,
  Expect<
    Equal<
      Ours.ReservedOrUserListener<{ x: () => void }, Events, "ack">,
      Stock.ReservedOrUserListener<{ x: () => void }, Events, "ack">
    >
  >,
  Expect<
    Equal<
      Ours.ReservedOrUserListener<{ x: () => void }, Default, "z">,
      Stock.ReservedOrUserListener<{ x: () => void }, Default, "z">
    >
  >,
];

// Load generator: one sender, many receivers. A broadcast is in flight until its last receiver has it; when n are done, n more leave in one write.
import { type Load, ROOM_SIZE } from "../loads.js";
import { type Connection, openAll, PONG, type Target } from "./connection.js";
import { ByteCounter, type Counter, FrameCounter } from "./counter.js";
import { type Driver, Window } from "./driver.js";
import { Latency } from "./latency.js";
import { Batches, clientFrame, type Exchange, exchangeFor, textFrame } from "./messages.js";

const ROOMS = 100;
const ROOMS_PER_CLIENT = 10;
/** Power of two above any number of broadcasts in flight: their slots, used in turn. */
const SLOTS = 256;
/** Chunks after which a client answers a ping: in the flow of messages, and before what is measured. */
const CHUNKS_BEFORE_PONG = 8;

/** As bench/servers/measured.mjs has it, in the order in which the rooms take turns. */
function roomsOf(client: number): number[] {
  return Array.from({ length: ROOMS_PER_CLIENT }, (_, step) => (client + step * 7) % ROOMS).sort((a, b) => a - b);
}

export class FanoutDriver implements Driver {
  messages = 0;
  #load: Load;
  #target: Target;
  #exchange: Exchange;
  #batches: Batches;
  #receivers: Connection[] = [];
  #sender: Connection | undefined;
  #window = new Window();
  #samples = new Latency();
  /** Broadcasts sent and broadcasts that all have received, counted from the first of this connection. */
  #sent = 0;
  #done = 0;
  #deliveries = new Int32Array(SLOTS);
  #sentAt = new Float64Array(SLOTS);
  #receiversEach: number;
  #isRefilling = false;

  constructor(load: Load, target: Target) {
    this.#load = load;
    this.#target = target;
    this.#exchange = exchangeFor(load, target.subject);
    this.#batches = new Batches(this.#exchange, load.inFlight);
    this.#receiversEach = load.kind === "rooms" ? ROOM_SIZE : load.clients;
  }

  async prepare(): Promise<void> {
    const fail = (error: Error): void => this.#window.fail(error);
    const isRooms = this.#load.kind === "rooms";
    this.#receivers = await openAll(this.#target, this.#load.clients, fail, (connection, index) =>
      isRooms ? this.#join(connection, index) : Promise.resolve(),
    );
    // In rooms the sender is no member; in the fan-out it is one of the receivers.
    this.#sender = isRooms ? (await openAll(this.#target, 1, fail))[0] : this.#receivers[0];
    const inFirst = this.#receivers.map((_, index) => !isRooms || roomsOf(index).includes(0));
    await this.#check(this.#receivers.filter((_, index) => inFirst[index]));
    for (const [index, connection] of this.#receivers.entries()) {
      const broadcastOf = isRooms ? broadcastInRooms(roomsOf(index)) : (delivery: number): number => delivery;
      this.#count(connection, broadcastOf, inFirst[index] ? 1 : 0, fail);
    }
  }

  /** The first broadcast is read by each of its receivers; from here on only lengths are counted. */
  async #check(receivers: readonly Connection[]): Promise<void> {
    this.#sender?.socket.write(this.#exchange.requests[0] ?? "");
    this.#sent = 1;
    this.#done = 1;
    const { firstReply, replyBytes } = this.#exchange;
    for (const receiver of receivers) {
      if (firstReply === undefined) await receiver.nextBytes(replyBytes);
      else await receiver.nextText((text) => text === firstReply, this.#load.isCompressed);
    }
  }

  #count(
    connection: Connection,
    broadcastOf: (delivery: number) => number,
    alreadyDelivered: number,
    fail: (error: Error) => void,
  ): void {
    const counter = this.#counterFor(connection, fail);
    let delivered = alreadyDelivered;
    // Every client answers a ping within its first 25 seconds, which the windows are too short for. From then on Linux delays what it acknowledges on its connection,
    // which costs the server's CPU a third more: a client that never wrote is no measure for one that confirms now and then.
    let chunksBeforePong = this.#target.subject.isOwn === true ? CHUNKS_BEFORE_PONG : Number.POSITIVE_INFINITY;
    connection.receive = (chunk, bytes) => {
      if (--chunksBeforePong === 0) connection.socket.write(PONG);
      const replies = counter.count(chunk, bytes);
      connection.received(replies);
      const until = delivered + replies;
      for (; delivered < until; delivered++) this.#delivered(broadcastOf(delivered));
    };
  }

  async #join(connection: Connection, index: number): Promise<void> {
    if (this.#target.subject.speaks === "socket.io") {
      connection.socket.write(textFrame(`42["join",${index}]`));
      await connection.nextText((text) => text === '42["joined"]');
    } else if (this.#target.subject.speaks === "text") {
      connection.socket.write(clientFrame(1, Buffer.from(`join ${index}`)));
      await connection.nextText((text) => text === "joined");
    } else {
      connection.socket.write(`join ${index}`);
      await connection.nextBytes("joined".length);
    }
  }

  #counterFor(connection: Connection, fail: (error: Error) => void): Counter {
    const { replyBytes, replyFrames } = this.#exchange;
    if (this.#target.subject.speaks === "bytes") return new ByteCounter(replyBytes);
    return new FrameCounter(
      replyBytes,
      replyFrames,
      () => connection.socket.write(PONG),
      () => fail(new Error("the server sent a close frame")),
      connection.isCounted ? (isQuestion) => isQuestion && connection.received(0, "is asked") : undefined,
    );
  }

  #send(count: number): void {
    const now = performance.now();
    const bytes = this.#batches.take(this.#sent, count);
    for (let i = 0; i < count; i++) this.#sentAt[this.#sent++ % SLOTS] = now;
    this.#sender?.socket.write(bytes);
  }

  #delivered(broadcast: number): void {
    if (broadcast >= this.#sent) this.#window.fail(new Error("more was delivered than sent"));
    const slot = broadcast % SLOTS;
    const deliveries = (this.#deliveries[slot] ?? 0) + 1;
    this.messages++;
    if (deliveries < this.#receiversEach) {
      this.#deliveries[slot] = deliveries;
      return;
    }
    this.#deliveries[slot] = 0;
    this.#samples.add(performance.now() - (this.#sentAt[slot] ?? 0));
    this.#done++;
    if (!this.#window.isOpen) {
      if (this.#done === this.#sent) this.#window.drained();
    } else if (!this.#isRefilling) {
      // Those that are done by the end of this turn are replaced by one write.
      this.#isRefilling = true;
      setImmediate(this.#refill);
    }
  }

  #refill = (): void => {
    this.#isRefilling = false;
    const missing = this.#load.inFlight - (this.#sent - this.#done);
    if (this.#window.isOpen && missing > 0) this.#send(missing);
    else if (!this.#window.isOpen && this.#done === this.#sent) this.#window.drained();
  };

  run(seconds: number): Promise<void> {
    this.messages = 0;
    this.#samples.clear();
    return this.#window.run(
      seconds,
      () => this.#send(this.#load.inFlight),
      () => this.#sent - this.#done,
    );
  }

  latency(): (number | undefined)[] {
    return this.#samples.quantiles([0.5, 0.99]);
  }

  close(): void {
    for (const connection of this.#receivers) connection.close();
    this.#sender?.close();
  }
}

/** The rooms take turns, so a member's n-th delivery tells which broadcast it was. */
function broadcastInRooms(rooms: readonly number[]): (delivery: number) => number {
  return (delivery) => Math.floor(delivery / rooms.length) * ROOMS + (rooms[delivery % rooms.length] ?? 0);
}

// Load generator: each client keeps a number of messages unanswered; n replies let it send n more in one write.
import type { Load } from "../loads.js";
import { type Connection, openAll, PONG, type Target } from "./connection.js";
import { ByteCounter, type Counter, FrameCounter } from "./counter.js";
import { type Driver, Window } from "./driver.js";
import { Latency } from "./latency.js";
import { Batches, type Exchange, exchangeFor } from "./messages.js";

/** One client in ten keeps time. */
const SAMPLED_EVERY = 10;

class EchoClient {
  #connection: Connection;
  #counter: Counter;
  #isSampled: boolean;
  #driver: EchoDriver;
  #sent = 0;
  #received = 0;
  /** Number of the message whose reply is timed, and when it left. */
  #timed = -1;
  #timedAt = 0;

  constructor(connection: Connection, counter: Counter, isSampled: boolean, isOwn: boolean, driver: EchoDriver) {
    this.#connection = connection;
    this.#counter = counter;
    this.#isSampled = isSampled;
    this.#driver = driver;
    connection.receive = (chunk, bytes) => {
      const replies = this.#counter.count(chunk, bytes);
      if (replies === 0) return;
      // In one write, as a client's turn has one; also where there is nothing to confirm, so that the load costs the same.
      if (isOwn) connection.socket.cork();
      connection.received(replies, "sends");
      this.#replied(replies);
      if (isOwn) connection.socket.uncork();
    };
  }

  send(count: number): void {
    const bytes = this.#driver.batches.take(this.#sent, count);
    this.#sent += count;
    if (this.#isSampled && this.#timed < 0) {
      this.#timed = this.#sent;
      this.#timedAt = performance.now();
    }
    this.#connection.socket.write(bytes);
  }

  #replied(count: number): void {
    this.#received += count;
    if (this.#timed >= 0 && this.#received >= this.#timed) {
      this.#driver.samples.add(performance.now() - this.#timedAt);
      this.#timed = -1;
    }
    if (this.#driver.replied(count)) this.send(count);
  }

  close(): void {
    this.#connection.close();
  }
}

export class EchoDriver implements Driver {
  messages = 0;
  readonly samples: Latency = new Latency();
  readonly batches: Batches;
  #load: Load;
  #target: Target;
  #exchange: Exchange;
  #clients: EchoClient[] = [];
  #window = new Window();
  #outstanding = 0;

  constructor(load: Load, target: Target) {
    this.#load = load;
    this.#target = target;
    this.#exchange = exchangeFor(load, target.subject);
    this.batches = new Batches(this.#exchange, load.inFlight);
  }

  async prepare(): Promise<void> {
    const fail = (error: Error): void => this.#window.fail(error);
    const connections = await openAll(this.#target, this.#load.clients, fail);
    const first = connections[0];
    if (first !== undefined) await this.#check(first);
    const isOwn = this.#target.subject.isOwn === true;
    this.#clients = connections.map((connection, index) => {
      const isSampled = index % SAMPLED_EVERY === 0;
      return new EchoClient(connection, this.#counterFor(connection, fail), isSampled, isOwn, this);
    });
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

  /** One exchange whose reply is read: from here on only its length is counted. */
  async #check(connection: Connection): Promise<void> {
    const { firstReply, replyBytes } = this.#exchange;
    connection.socket.write(this.#exchange.requests[0] ?? "");
    if (firstReply === undefined || this.#exchange.replyFrames > 1) await connection.nextBytes(replyBytes);
    else await connection.nextText((text) => text === firstReply, this.#load.isCompressed);
  }

  run(seconds: number): Promise<void> {
    this.messages = 0;
    this.samples.clear();
    this.#outstanding = this.#clients.length * this.#load.inFlight;
    return this.#window.run(
      seconds,
      () => {
        for (const client of this.#clients) client.send(this.#load.inFlight);
      },
      () => this.#outstanding,
    );
  }

  /** Counts replies; true asks the client to send as many again. */
  replied(count: number): boolean {
    this.messages += count;
    if (this.#window.isOpen) return true;
    this.#outstanding -= count;
    if (this.#outstanding === 0) this.#window.drained();
    return false;
  }

  latency(): (number | undefined)[] {
    return this.samples.quantiles([0.5, 0.99]);
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}

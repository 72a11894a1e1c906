// client/ A persistent outbox: events that were accepted reach a server although the page is closed or the process ends meanwhile. A module of its own.
//
//   emit() ──▶ store ──▶ accepted: the promise resolves
//                │ connected, and the server has said what it has of this outbox
//                ▼
//              sent, in order ──▶ received, or acknowledged where the server does not count ──▶ removed from the store
//
// The server knows an outbox by its id and remembers the number of the last entry that it took, so that what is sent again is taken once. A server that does not
// know it (it was restarted) may have had what was sent and not confirmed: that is sent again, and both ends are told that it may be a repetition.
import { VaivenError } from "../errors.js";
import type { TimedAckCallback } from "../event/acks.js";
import type { DefaultEventsMap, EventNames, EventParams, EventsMap } from "../event/event-map.js";
import { refuseReserved } from "../event/reserved.js";
import { Outgoing } from "../packet/outgoing.js";
import { PacketType } from "../packet/socket-packet.js";
import type { OutboxStore, StoredEntry, StoredEvent } from "../session/outbox-store.js";
import { readBlobs } from "./blobs.js";
import type { Delivery, OutboxLink } from "./delivery.js";
import type { Socket } from "./socket.js";

/** Entries that are read from the store at once. */
const BATCH = 64;

/** Settings of an outbox. */
export interface OutboxOptions {
  /** Most entries that wait; one more is refused with `OUTBOX_FULL`. Default: 10000. */
  maxEntries?: number;
  /**
   * When an event is done with: when the server has `received` it, or when its handler has `acknowledged` it, which may be when asynchronous work is done. The handler must
   * then call its callback; one event is under way at a time, and it is sent again if the session is lost before. Default: `received`, where the server counts.
   */
  until?: "received" | "acknowledged";
  /**
   * Events that are sent although a server may have handled them before: they were on their way to one that was restarted since, or, where the server does not count what it
   * receives, when the connection was lost. Each as `[name, …args]`.
   */
  onDoubt?: (events: unknown[][]) => void;
  /** An event cannot be sent, and is let go: it is larger than the server takes, or the server's handler has failed, where the server does not count. */
  onRefused?: (error: Error, event: unknown[]) => void;
  /** The store failed at something that nobody waits for; it is tried again with the next connection. Default: the `error` event of the Manager. */
  onError?: (error: Error) => void;
}

/**
 * Opens the outbox of a socket. One store has one outbox.
 *
 * @throws VaivenError `OUTBOX_STORE_FAILED`, `OUTBOX_LOCKED`, `OUTBOX_CORRUPT` from the store; `API_INVALID_OPTION` if the socket has an outbox already
 */
export async function openOutbox<ListenEvents extends EventsMap, EmitEvents extends EventsMap>(
  socket: Socket<ListenEvents, EmitEvents>,
  store: OutboxStore,
  options: OutboxOptions = {},
): Promise<Outbox<EmitEvents>> {
  if (socket._delivery?.outbox !== undefined) {
    throw new VaivenError("API_INVALID_OPTION", "expected a socket without an outbox, got one that has one already");
  }
  const { id } = await store.open();
  return new Outbox(socket as unknown as Socket, store, options, id);
}

/** See {@link openOutbox}. */
export class Outbox<EmitEvents extends EventsMap = DefaultEventsMap> implements OutboxLink {
  private readonly socket: Socket;
  private readonly delivery: Delivery | undefined;
  private readonly store: OutboxStore;
  private readonly options: OutboxOptions;
  private readonly id: string;
  private isLeading = false;
  private isClosed = false;
  /** The connection; another object for each. */
  private joined: object | undefined = undefined;
  /** The same, once it is known what the server has: entries may be sent. */
  private line: object | undefined = undefined;
  /** The last entry that was sent over it. */
  private sent = 0;
  /** The last entry of which was told that it may be a repetition. */
  private told = 0;
  /** What the server has not confirmed, with the numbers of their packets. */
  private underWay: { readonly seq: number; readonly number: number }[] = [];
  private pumping: Promise<void> | undefined = undefined;
  private isStale = false;
  private waiters: (() => void)[] = [];

  /** Use {@link openOutbox}. */
  constructor(socket: Socket, store: OutboxStore, options: OutboxOptions, id: string) {
    this.socket = socket;
    this.delivery = socket._delivery;
    this.store = store;
    this.options = options;
    this.id = id;
    if (this.delivery) this.delivery.outbox = this;
    socket.on("connect", this.onConnect);
    socket.on("disconnect", this.onDisconnect);
    store.watch(() => this.pump());
    store.lead().then(() => {
      this.isLeading = true;
      if (socket.connected) this.onConnect();
    }, this.fail);
  }

  /**
   * Accepts an event: once the promise has resolved it reaches a server, whatever becomes of this process. Events of an outbox arrive in the order in which they were accepted,
   * which says nothing of events that are emitted past it. There is no acknowledgement: nobody may be there any more to get it.
   *
   * @throws VaivenError `OUTBOX_FULL`, `OUTBOX_STORE_FAILED` (the disk is full, or the browser's quota), `PACKET_*` for what cannot be sent, `SESSION_CLOSED` after
   *   {@link close}: the event is not accepted
   */
  async emit<Ev extends EventNames<EmitEvents>>(name: Ev, ...args: EventParams<EmitEvents, Ev>): Promise<void> {
    refuseReserved(name);
    if (this.isClosed) throw new VaivenError("SESSION_CLOSED", "the outbox is closed");
    const { io, nsp } = this.socket;
    const event: unknown[] = [name, ...args];
    const blobs = readBlobs(event, io._host.blobBytes);
    const data = blobs === undefined ? event : await blobs;
    const outgoing = io._encode({ type: PacketType.EVENT, nsp, data });
    const fault = this.faultOf(outgoing);
    if (fault !== undefined) throw fault;
    await this.store.append(stored(outgoing), this.options.maxEntries ?? 10_000);
    this.pump();
  }

  /** How many events are accepted and not known to have arrived. */
  count(): Promise<number> {
    return this.store.count();
  }

  /** Resolves when there are none. */
  async drained(): Promise<void> {
    while ((await this.store.count()) > 0) await new Promise<void>((resolve) => this.waiters.push(resolve));
  }

  /** Lets the store go. What it holds stays there. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.onDisconnect();
    this.socket.off("connect", this.onConnect);
    this.socket.off("disconnect", this.onDisconnect);
    if (this.delivery) this.delivery.outbox = undefined;
    await this.store.close();
  }

  /** The server has the entries up to `last`; those up to `doubtful` may have been taken by another one before. @internal */
  onAnswer(last: number, doubtful: number): void {
    const { joined } = this;
    this.remove(last)
      .then(() => this.begin(joined, doubtful))
      .catch(this.fail);
  }

  /** The server has received so many packets of the session. @internal */
  onConfirmed(received: number): void {
    let seq = 0;
    const { underWay } = this;
    while (underWay[0] !== undefined && underWay[0].number <= received) seq = underWay.shift()!.seq;
    if (seq > 0) this.remove(seq).catch(this.fail);
    if (underWay.length > 0) this.delivery?.ask();
    // There is room in the log again.
    this.pump();
  }

  private readonly onConnect = (): void => {
    if (!this.isLeading || this.isClosed) return;
    this.onDisconnect();
    const joined = {};
    this.joined = joined;
    const ask = async (): Promise<void> => {
      const { delivery } = this;
      const attempted = await this.store.attempted();
      if (this.joined !== joined) return;
      if (delivery !== undefined && this.isCounting) delivery.announce(this.id, attempted);
      // The one that waits for its answer is kept by the session that goes on.
      else
        await this.begin(
          joined,
          this.pumping !== undefined && delivery?.isActive && this.socket.recovered ? 0 : attempted,
        );
    };
    ask().catch(this.fail);
  };

  private readonly onDisconnect = (): void => {
    this.line = undefined;
    this.joined = undefined;
    this.underWay = [];
    this.sent = 0;
  };

  /** What the server has is known, as far as it can be: the rest follows. */
  private async begin(joined: object | undefined, doubtful: number): Promise<void> {
    const { store, options } = this;
    const doubts: unknown[][] = [];
    for (let after = this.told; after < doubtful; ) {
      const entries = await store.entries(after, BATCH);
      for (const entry of entries) if (entry.seq <= doubtful) doubts.push(this.eventOf(entry));
      after = entries[entries.length - 1]?.seq ?? doubtful;
    }
    if (this.joined !== joined) return;
    this.told = Math.max(this.told, doubtful);
    this.line = joined;
    if (doubts.length > 0) options.onDoubt?.(doubts);
    this.pump();
  }

  /** Sends what can be sent. */
  private pump(): void {
    this.isStale = true;
    if (this.line === undefined) return;
    this.pumping ??= this.run()
      .catch(this.fail)
      .then(() => {
        this.pumping = undefined;
        // Something came behind its last look.
        if (this.isStale) this.pump();
      });
  }

  private async run(): Promise<void> {
    while (this.isStale && this.line !== undefined) {
      this.isStale = false;
      const { line, store } = this;
      const entries = await store.entries(this.sent, BATCH);
      const last = entries[entries.length - 1];
      if (last === undefined) return;
      await store.attempt(last.seq);
      for (const entry of entries) {
        if (this.line !== line || !(await this.send(entry)) || this.line !== line) return;
        this.sent = entry.seq;
      }
      this.isStale = true;
      this.delivery?.ask();
    }
  }

  /** Whether what the server has received is done with. */
  private get isCounting(): boolean {
    return this.delivery?.isActive === true && this.options.until !== "acknowledged";
  }

  /** Whether it was sent, or can never be. */
  private async send(entry: StoredEntry): Promise<boolean> {
    const { delivery, line } = this;
    const { seq, text, bytes } = entry;
    if (delivery === undefined || !this.isCounting) return this.sendAndWait(entry);
    const outgoing = new Outgoing(text, bytes.length > 0 ? bytes : undefined);
    const fault = this.faultOf(outgoing);
    if (fault !== undefined) {
      // With it would be removed what is under way before it.
      if (this.underWay.length > 0) return false;
      await this.remove(seq);
      this.options.onRefused?.(fault, this.eventOf(entry));
      return this.line === line;
    }
    const number = delivery.sendEntry(seq, outgoing);
    if (number !== undefined) this.underWay.push({ seq, number });
    return number !== undefined;
  }

  /** An event is done with when its handler has acknowledged it. One at a time, so that the order holds. */
  private async sendAndWait(entry: StoredEntry): Promise<boolean> {
    const { line } = this;
    const event = this.eventOf(entry);
    try {
      await this.emitWithAck(event.slice());
    } catch (error) {
      const isLost = (error as VaivenError).code === "ACK_DISCONNECTED";
      if (isLost || (this.line !== line && this.delivery?.isActive !== true)) return false;
      this.options.onRefused?.(error as Error, event);
    }
    await this.remove(entry.seq);
    return this.line === line;
  }

  /** What is lost with a session is not told as in doubt by the socket: it is sent again from here. */
  private emitWithAck(event: unknown[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const answered: TimedAckCallback = (error) => (error ? reject(error) : resolve());
      // However long it takes: `ackTimeout` would let it go.
      const timeout = Number.POSITIVE_INFINITY;
      this.socket._sender.emit([...event, answered], { settles: true, fromQueue: true, timeout });
    });
  }

  private async remove(upTo: number): Promise<void> {
    await this.store.remove(upTo);
    for (const resolve of this.waiters.splice(0)) resolve();
  }

  /** Why the server would not take it, as far as that is known. */
  private faultOf(outgoing: Outgoing): VaivenError | undefined {
    const { io } = this.socket;
    const limit = io.engine?.maxPayload;
    const size = limit ? outgoing.byteLength(io.platform().textByteLength) : 0;
    if (size === 0 || size <= limit) return undefined;
    return new VaivenError(
      "PACKET_TOO_BIG",
      `the event has ${size} bytes, the server takes ${limit} (maxHttpBufferSize)`,
    );
  }

  private eventOf({ text, bytes }: StoredEvent): unknown[] {
    const host = this.socket.io._host;
    const reader = host.createReader();
    let packet = reader.readText(text, 1);
    for (const part of bytes) packet = reader.readBinary(host.userBytes(part.slice()));
    return packet?.data as unknown[];
  }

  private readonly fail = (error: unknown): void => {
    if (this.isClosed) return;
    this.line = undefined;
    if (this.options.onError) this.options.onError(error as Error);
    else this.socket.io._report(error as Error);
  };
}

function stored({ head, rest = [] }: Outgoing): StoredEvent {
  if (typeof head === "string" && rest.every((part) => typeof part !== "string")) {
    return { text: head, bytes: rest as readonly Uint8Array[] };
  }
  throw new VaivenError("API_UNAVAILABLE", "an outbox keeps the packets of the default parser only");
}

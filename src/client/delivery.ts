// client/ Acknowledged delivery with resume, the client's half (ARCHITECTURE.md, "Between our own two ends"). A module of its own: in browsers only those who ask for it load it.
//
//   none ──accept()──▶ active ──cut()──▶ away ──accept(): resumed──▶ active
//                                          │ accept(): not resumed, or the time is over
//                                          ▼
//                                         lost: `unconfirmed` and `lossReason` of the socket say what and why
import { VaivenError } from "../errors.js";
import { DeliveryLog } from "../event/delivery-log.js";
import { CONFIRM_ALONG, CONFIRM_MS, DeliveryReceipts, Due } from "../event/delivery-receipts.js";
import { Capability, type ControlMessage, controlOf, isCount } from "../packet/control-packet.js";
import type { Outgoing } from "../packet/outgoing.js";
import { PacketType } from "../packet/socket-packet.js";
import type { Cancel } from "../session/platform.js";
import {
  ENTRY_OPTIONS,
  MOST_PAGES,
  readLog,
  readPacket,
  type SavedSession,
  savedLog,
  savedWaiting,
} from "./saved-session.js";
import type { BufferedPacket } from "./sender.js";
import type { Socket } from "./socket.js";

/** Control packets that are counted as events are: they mean something at their place among them only. */
const COUNTED: ReadonlySet<string> = new Set(["ack-error", "entry"]);

/** How much a client sends before the server has confirmed it; what is emitted then waits, as it does without a connection. */
export interface DeliveryOptions {
  /** Events and acknowledgements. Default: 10000. */
  maxPackets?: number;
  /** Characters of text and bytes of attachments. Default: 4 MiB. */
  maxBytes?: number;
  /**
   * Where the session is kept while a page is loaded again: `sessionStorage`. The next page goes on with it, within `maxDisconnectionDuration`: same id, and the events
   * of both ends that the page before did not confirm. Acknowledgements that it waited for are lost with it. Default: nowhere.
   */
  storage?: DeliveryStorage;
}

/** What is used of a `Storage`. */
export interface DeliveryStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** What our server says when it accepts. */
export interface DeliveryTerms {
  readonly pid: string;
  /** Milliseconds that the client may be gone. */
  readonly keep: number;
  /** How many packets of this client it has received, where the session goes on. */
  readonly received?: number;
  /** Why the session that the client had does not. */
  readonly lost?: string;
}

/** What the CONNECT packet says of the session: `SessionClaim` of server/envelope.ts. */
interface ClaimedSession {
  readonly pid: string | undefined;
  readonly pages: readonly string[] | undefined;
  readonly over: string | undefined;
  readonly received: number;
  readonly from: number;
  readonly sent: number;
}

/** An outbox (outbox.ts), as its socket's delivery sees it. */
export interface OutboxLink {
  /** The server has its entries up to `last`; those up to `doubtful` may have been taken by another one before. */
  onAnswer(last: number, doubtful: number): void;
  /** The server has received so many packets of the session. */
  onConfirmed(received: number): void;
}

/** Makes the delivery of one socket: what {@link delivery} returns. */
export type DeliveryFactory = (socket: Socket) => Delivery;

/**
 * Acknowledged delivery, for the option `delivery` of a socket. It works with a vaivén server that has `connectionStateRecovery` on, and changes nothing with others.
 * In Node it is there without asking.
 *
 * @param options - how much may be under way at once; nothing that was emitted is let go
 * @throws VaivenError `API_INVALID_OPTION` for a limit that lets nothing pass
 */
export function delivery({
  maxPackets = 10_000,
  maxBytes = 4 * 1024 * 1024,
  storage,
}: DeliveryOptions = {}): DeliveryFactory {
  for (const limit of [maxPackets, maxBytes]) {
    if (limit > 0) continue;
    throw new VaivenError("API_INVALID_OPTION", `expected maxPackets and maxBytes to be above 0, got ${limit}`);
  }
  return (socket) => new Delivery(socket, (base) => new DeliveryLog({ maxPackets, maxBytes }, base), storage);
}

/** The session of one socket over all its connections. @internal */
export class Delivery {
  private readonly socket: Socket;
  private readonly newLog: (base?: number) => DeliveryLog;
  private readonly storage: DeliveryStorage | undefined;
  outbox: OutboxLink | undefined = undefined;
  /** The session, with a connection or without. */
  pid: string | undefined = undefined;
  /** The one before, which the server may not know to be over. */
  private over: string | undefined = undefined;
  /**
   * Which page this is, and before it those of which the server may think that they have the session. Only pages that save it have a name: of two that have read the
   * same storage (a tab and its duplicate) the server goes on with the one that comes first.
   */
  private pages: string[] = [];
  /** The connection over which the session was claimed last. */
  private asks: unknown = undefined;
  private keep = 0;
  private log: DeliveryLog;
  private receipts = new DeliveryReceipts(CONFIRM_ALONG.client);
  /** The packets of the log. */
  private packets: BufferedPacket[] = [];
  private active = false;
  private asked = false;
  private cancelConfirm: Cancel | undefined = undefined;
  private cancelExpiry: Cancel | undefined = undefined;
  /** What was written when the page was left. */
  private saved: string | undefined = undefined;

  constructor(socket: Socket, newLog: (base?: number) => DeliveryLog, storage: DeliveryStorage | undefined) {
    this.socket = socket;
    this.newLog = newLog;
    this.log = newLog();
    this.storage = storage;
    if (storage === undefined) return;
    this.beginPage();
    try {
      const saved = storage.getItem(this.key);
      if (!saved) return;
      // Another page that is opened from this one gets a copy of the storage, and must not find a session that is in use.
      storage.removeItem(this.key);
      this.restore(JSON.parse(saved) as SavedSession);
    } catch {
      // Not ours, or out of reach: it begins anew.
      this.end();
    }
  }

  /** Whether what is sent now is counted by both ends. */
  get isActive(): boolean {
    return this.active;
  }

  /** Whether the server has to confirm first. */
  get isFull(): boolean {
    return this.active && this.log.isFull;
  }

  /** What the CONNECT packet says. */
  claim(): ClaimedSession {
    const { storage, saved } = this;
    if (saved !== undefined) {
      // A page that was left is shown again (back/forward cache): it has its session unless another page has taken it.
      this.saved = undefined;
      this.beginPage();
      if (storage?.getItem(this.key) === saved) storage.removeItem(this.key);
      else if (this.pid !== undefined) this.lose("unknown session");
    }
    const { pid, over, receipts, log } = this;
    this.asks = this.socket.io.engine;
    const pages = storage && this.pages;
    return { pid, pages, over, received: receipts.received, from: log.base, sent: log.sent };
  }

  /** The server has accepted the socket, with terms if it is ours. Whether the session goes on; then the rest of the log has been sent. */
  accept(terms: DeliveryTerms | undefined): boolean {
    this.cancelExpiry?.();
    this.cancelExpiry = undefined;
    this.pages.splice(1);
    const { socket, pid } = this;
    if (pid !== undefined && isCount(terms?.received) && terms.pid === pid && this.log.reaches(terms.received)) {
      this.active = true;
      this.packets.splice(0, this.log.confirm(terms.received));
      this.log.replay({
        packet: (packet) => socket.io.engine.sendPacket(packet),
        skip: (count) => this.tell(["skip", count]),
      });
      // What was left out the server confirms only when it is asked.
      if (this.log.isFilling) this.ask();
      return true;
    }
    if (pid !== undefined) this.lose(terms?.lost ?? "unknown session");
    this.over = undefined;
    if (terms === undefined) return false;
    if (terms.received !== undefined) {
      // It goes on with what is no session of this socket any more.
      this.over = terms.pid;
      socket.io.platform().soon(() => this.disbelieve());
      return false;
    }
    this.pid = terms.pid;
    this.keep = terms.keep;
    this.active = true;
    return false;
  }

  /** A packet is about to leave: events and what answers them are counted. */
  sent(outgoing: Outgoing, packet: BufferedPacket): void {
    const { type, data } = packet;
    const isCounted =
      type === PacketType.CONTROL ? COUNTED.has((data as ControlMessage)[0]) : type > PacketType.DISCONNECT;
    if (!this.active || !isCounted) return;
    this.push(outgoing, packet);
    if (this.saved !== undefined) this.save();
    if (this.receipts.isDueAlong) this.confirm();
    if (this.log.isFilling) this.ask();
  }

  /** Asks what the server has, unless an answer is on its way. */
  ask(): void {
    if (this.asked || !this.active) return;
    this.asked = true;
    this.tell(["confirm"]);
  }

  /** Asks what the server has of an outbox. */
  announce(id: string, attempted: number): void {
    this.tell(["outbox", id, attempted]);
  }

  /** Sends an entry of the outbox, and gives the number of its packet; undefined if that has to wait. */
  sendEntry(seq: number, outgoing: Outgoing): number | undefined {
    if (!this.active || this.log.isFull) return undefined;
    const { io, nsp } = this.socket;
    const mark: BufferedPacket = { type: PacketType.CONTROL, nsp, data: ["entry", seq], options: {} };
    const packet: BufferedPacket = { type: PacketType.EVENT, nsp, data: [], options: ENTRY_OPTIONS };
    for (const [encoded, counted] of [[io._encode(mark), mark] as const, [outgoing, packet] as const]) {
      this.sent(encoded, counted);
      io.engine.sendPacket(encoded);
    }
    return this.log.sent;
  }

  /** An event or an acknowledgement came. */
  count(): void {
    if (!this.active) return;
    const due = this.receipts.add();
    if (this.saved !== undefined) this.save();
    if (due === Due.NOW) this.confirm();
    else if (due === Due.LATER)
      this.cancelConfirm ??= this.socket.io.platform().after(CONFIRM_MS, () => this.confirm());
  }

  /** A control packet came, but for `ack-error`, which is {@link count}ed as the acknowledgement that it is. */
  onControl(data: ControlMessage): void {
    if (!this.active) return;
    const message = controlOf({ type: PacketType.CONTROL, nsp: "", data }, Capability.DELIVERY);
    const isTrue =
      message?.[0] === "received"
        ? this.onReceived(message[1])
        : message?.[0] === "skip"
          ? this.receipts.skip(message[1])
          : message !== undefined;
    if (!isTrue) this.disbelieve();
    else if (message?.[0] === "confirm") this.confirm();
    else if (message?.[0] === "outbox") this.outbox?.onAnswer(message[1] as number, message[2]);
    if (this.saved !== undefined) this.save();
  }

  /** The connection is lost. Whether the session waits for another. */
  cut(): boolean {
    this.stopConfirming();
    if (this.active) {
      this.active = false;
      this.asked = false;
      this.wait();
    }
    return this.pid !== undefined;
  }

  /** One of the two ends wished it. */
  end(): void {
    this.cancelExpiry?.();
    this.cancelExpiry = undefined;
    this.stopConfirming();
    this.active = false;
    this.over = this.pid ?? this.over;
    this.pid = undefined;
    this.log = this.newLog();
    this.receipts = new DeliveryReceipts(CONFIRM_ALONG.client);
    this.packets = [];
  }

  /** The page is being left. */
  save(): void {
    const { socket, storage, pid, pages, keep, receipts } = this;
    if (storage === undefined || pid === undefined) return;
    try {
      const log = savedLog(this.log);
      const waiting = savedWaiting(socket);
      const [first] = this.packets;
      const isEntry = first?.options === ENTRY_OPTIONS;
      const { received } = receipts;
      const { base } = this.log;
      const saved: SavedSession = { pid, pages, keep, received, base, ids: socket._ids, isEntry, log, waiting };
      this.saved = JSON.stringify(saved);
      storage.setItem(this.key, this.saved);
    } catch {
      // There is no room: the next page begins anew.
    }
  }

  private restore(saved: SavedSession): void {
    const { socket } = this;
    const { pid, pages, keep, received, base, ids, waiting } = saved;
    this.pid = pid;
    this.pages = this.pages.concat(pages ?? []).slice(0, MOST_PAGES);
    this.keep = keep;
    this.receipts.skip(received);
    this.log = this.newLog(base);
    for (const [outgoing, packet] of readLog(socket, saved)) this.push(outgoing, packet);
    socket._ids = ids;
    socket.sendBuffer = waiting.map(([packet, options]) => readPacket(socket, packet, options));
    this.wait();
  }

  private push(outgoing: Outgoing, packet: BufferedPacket): void {
    this.log.push(outgoing);
    this.packets.push(packet);
  }

  private beginPage(): void {
    this.pages.unshift(String(this.socket.io.platform().random()));
  }

  private get key(): string {
    return `vaiven:${this.socket.io.uri}${this.socket.nsp}`;
  }

  private wait(ms = this.keep): void {
    const { io } = this.socket;
    this.cancelExpiry = io.platform().after(ms, () => {
      // The server is being asked: it knows whether there is still a session, and must not go on with one that is given up here.
      if (this.asks === io.engine && io._readyState === "open" && this.socket.active) this.wait(CONFIRM_MS);
      else this.lose("expired");
    });
  }

  private disbelieve(): void {
    const error = new VaivenError("SESSION_UNEXPECTED_PACKET", "the server says of this session what cannot be true");
    this.socket.io.engine.abandon("parse error", error);
  }

  private lose(reason: string): void {
    const { socket, packets } = this;
    this.end();
    socket.lossReason = reason;
    socket.unconfirmed = packets
      .filter(({ type, options }) => type === PacketType.EVENT && !options.repeats && !options.volatile)
      .map(({ data }) => data as unknown[]);
    // What was said in it, and not sent, means nothing in another; and the queue of `retries` sends its events again, in their order.
    socket.sendBuffer = socket.sendBuffer.filter(({ type, options }) => type === PacketType.EVENT && !options.repeats);
    socket._sender.acks.abandon(reason);
  }

  private onReceived(count: number): boolean {
    const dropped = this.log.confirm(count);
    if (dropped === undefined) return false;
    this.asked = false;
    this.packets.splice(0, dropped);
    this.outbox?.onConfirmed(count);
    this.socket._sender.drain();
    return true;
  }

  private confirm(): void {
    this.stopConfirming();
    if (this.active) this.tell(["received", this.receipts.confirm()]);
  }

  private stopConfirming(): void {
    this.cancelConfirm?.();
    this.cancelConfirm = undefined;
  }

  private tell(data: ControlMessage): void {
    const { io, nsp } = this.socket;
    io.engine.sendPacket(io._encode({ type: PacketType.CONTROL, nsp, data }));
  }
}

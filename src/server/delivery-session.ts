// server/ What is kept of one socket for acknowledged delivery with resume (ARCHITECTURE.md, "Between our own two ends"). Only for our own clients, and only with
// `connectionStateRecovery`.
//
//            begin()             cut()          resume()
//   coming ─────────▶ present ─────────▶ away ─────────────▶ coming (with the socket of the new connection)
//                        │                 │ the time is over, or the log does not reach back
//                        │ end()           ▼
//                        └──────────────▶ over
//   What is emitted to one that is coming or away waits in the log.
import type { AbsentSockets } from "../adapter/absent-sockets.js";
import { VaivenError } from "../errors.js";
import type { ReplaySink } from "../event/delivery-log.js";
import { CONFIRM_ALONG, CONFIRM_MS, DeliveryReceipts, Due } from "../event/delivery-receipts.js";
import { SharedLog } from "../event/shared-log.js";
import type { SharedPackets } from "../event/shared-packets.js";
import type { ControlMessage } from "../packet/control-packet.js";
import type { Outgoing } from "../packet/outgoing.js";
import { Deadline, type DeadlineOwner } from "../session/deadlines.js";
import type { DeliveredSocket } from "./delivered-socket.js";
import type { Deliveries } from "./deliveries.js";
import type { SessionClaim } from "./envelope.js";
import type { OutboxRecord } from "./outboxes.js";
import type { SessionAwareAdapter } from "./session-aware-adapter.js";
import type { AnySocket } from "./socket.js";
import type { Event, SessionLossReason } from "./socket-types.js";

/** Who waits until the client has a packet. */
interface Waiting {
  readonly number: number;
  settle(error: VaivenError | undefined): void;
}

/** The life of one socket over all its connections. */
export class DeliverySession implements DeadlineOwner, ReplaySink {
  /** The id by which the client claims it. Secret: whoever knows it can take the session. */
  readonly pid: string;
  readonly log: SharedLog;
  readonly receipts: DeliveryReceipts = new DeliveryReceipts(CONFIRM_ALONG.server);
  /** The rooms that the socket was in when it came back, or when the session was over. */
  rooms: ReadonlySet<string> = new Set();
  /** Who has the connection, or had it last. */
  socket: DeliveredSocket;
  /** What the owner has counted of the log. */
  countedBytes = 0;
  private state: "coming" | "present" | "away" | "over" = "coming";
  /** Where the socket is found while it is away. */
  readonly absent: AbsentSockets;
  private readonly owner: Deliveries;
  /** While present: when to confirm what came. While away: the end. */
  private readonly deadline = new Deadline(this);
  /** The outbox of the client, and the entry of it that the next event is. */
  private outbox: OutboxRecord | undefined = undefined;
  private entry: number | undefined = undefined;
  /** Events that came before the cut and whose middlewares were done after it. */
  private held: Event[] = [];
  private waiting: Waiting[] = [];
  private asked = false;
  /** The page that has it, where it has a name. */
  private page: string | undefined;

  constructor(owner: Deliveries, pid: string, socket: DeliveredSocket, page?: string) {
    this.owner = owner;
    this.absent = (socket.nsp.adapter as unknown as SessionAwareAdapter).absent;
    this.pid = pid;
    this.page = page;
    this.socket = socket;
    this.log = new SharedLog(owner.limits);
  }

  get isPresent(): boolean {
    return this.state === "present";
  }

  get isAway(): boolean {
    return this.state === "away";
  }

  get isOver(): boolean {
    return this.state === "over";
  }

  /** Takes an event or an acknowledgement that cannot leave over the socket that it was emitted by: it leaves when the client is back, or over the socket that has come since. */
  keep(packet: Outgoing, shared: SharedPackets | undefined): void {
    const { state, log } = this;
    if (state === "over") return;
    if (state === "present") this.socket.deliver(packet, shared);
    else if (!packet.volatile) {
      if (log.push(packet, shared)) log.evict();
      if (state === "away") this.owner.recount(this);
    }
  }

  /** Something was sent, and there is more to do. */
  attend(): void {
    if (this.socket._owesConfirmation) this.confirm();
    if (!this.log.isFilling) return;
    this.log.evict();
    this.ask();
  }

  /** One event or acknowledgement came. */
  count(): void {
    const due = this.receipts.add();
    if (due === Due.NOTHING) return;
    if (due === Due.ALONG) this.socket._owesConfirmation = true;
    else if (due === Due.NOW) this.confirm();
    else this.owner.deadlines.set(this.deadline, CONFIRM_MS);
  }

  /** A control packet came. False if it cannot be true. */
  onControl(message: ControlMessage): boolean {
    switch (message[0]) {
      case "received":
        return this.onReceived(message[1]);
      case "skip":
        return this.receipts.skip(message[1]);
      case "confirm":
        this.confirm();
        return true;
      case "outbox":
        return typeof message[1] === "string" && this.meetOutbox(message[1], message[2]);
      case "entry":
        if (this.outbox === undefined) return false;
        this.entry = message[1];
        return true;
      default:
        return false;
    }
  }

  /** Whether an event is one to be handled: an entry of an outbox that was taken before is not. */
  takes(event: Event): boolean {
    const { entry, outbox, socket } = this;
    if (entry === undefined || outbox === undefined) return true;
    this.entry = undefined;
    if (entry <= outbox.last) return false;
    outbox.last = entry;
    if (entry <= outbox.doubtful)
      socket.nsp.emitReserved("possible_repeat", { socket: socket as AnySocket, event: [...event] });
    return true;
  }

  private meetOutbox(id: string, attempted: number): boolean {
    const { last, doubtful } = (this.outbox = this.owner.outboxes.meet(this.socket.nsp.name, id, attempted));
    if (this.state === "present") this.socket._control(["outbox", last, doubtful]);
    return true;
  }

  /** The client has lost its connection; it may come back. */
  cut(rooms: ReadonlySet<string>): void {
    if (this.state !== "present" && this.state !== "coming") return;
    this.state = "away";
    this.asked = false;
    this.socket._goLive(undefined);
    this.absent.add(this.socket, rooms);
    this.owner.left(this);
    this.owner.deadlines.set(this.deadline, this.owner.duration);
  }

  /**
   * Whether a claim was overtaken: it is of a connection that came late, or of a copy of the client (a page and its duplicate). Whoever makes it
   * does not know all that was said in this session, and shall not harm it.
   */
  isOld({ received, sent, pages = [] }: SessionClaim): boolean {
    const { page, log, receipts } = this;
    return received < log.confirmed || sent < receipts.received || (page !== undefined && !pages.includes(page));
  }

  /** Why a client that makes this claim cannot go on; undefined if it can. */
  obstacle({ received, from }: SessionClaim): SessionLossReason | undefined {
    if (this.state === "over") return "expired";
    return this.log.reaches(received) && from <= this.receipts.received ? undefined : "overflow";
  }

  /** The client is back on the connection of `socket`. {@link begin} follows, once it has been told. */
  resume(socket: DeliveredSocket, { received, pages }: SessionClaim): void {
    this.owner.deadlines.clear(this.deadline);
    this.rooms = this.absent.remove(this.socket);
    this.owner.returned(this);
    this.state = "coming";
    this.socket = socket;
    this.page = pages?.[0];
    this.log.confirm(received);
  }

  /** The client knows that it is accepted, and counts from now on: sends what it lacks. */
  begin(): void {
    if (this.state !== "coming") return;
    // A listener of what leaves the connection may emit: that waits in the log, behind the rest, until it is its turn.
    for (let from = this.log.base; from < this.log.sent; ) from = this.log.replay(this, from);
    this.state = "present";
    this.socket._goLive(this.log);
    this.onReceived(this.log.confirmed);
  }

  packet(packet: Outgoing): void {
    this.socket._transmit(packet);
  }

  skip(count: number): void {
    this.socket._control(["skip", count]);
  }

  /** An event is ready for its listeners, but `from`, which received it, has lost its connection meanwhile. */
  hold(from: DeliveredSocket, event: Event): void {
    if (this.state === "over") return;
    if (this.state === "present" && this.socket !== from) this.socket._dispatchHeld(event);
    else this.held.push(event);
  }

  /** The listeners of the new socket are there. */
  releaseHeld(): void {
    for (const event of this.held.splice(0)) this.socket._dispatchHeld(event);
  }

  /** Calls `settle` once the client has what was sent last, or when it cannot be known any more. */
  whenConfirmed(settle: (error: VaivenError | undefined) => void): Waiting {
    const waiting: Waiting = { number: this.log.sent, settle };
    if (this.state === "over") {
      settle(overError("ended"));
      return waiting;
    }
    this.waiting.push(waiting);
    if (this.state === "present") this.ask();
    return waiting;
  }

  /** Nobody waits any more. */
  forget(waiting: Waiting): void {
    this.waiting = this.waiting.filter((other) => other !== waiting);
  }

  /** One of the two ends wished it: there is no way back, and nothing to tell. */
  end(): void {
    this.finish("ended");
  }

  /** The client cannot go on with it any more, although nobody wished that. */
  lose(reason: SessionLossReason): void {
    // Its connection is dead, although the server does not know it yet.
    if (this.state === "present") this.socket.client._abandon();
    if (this.state === "over") return;
    const { socket, log } = this;
    const unconfirmed = log.sent - log.confirmed;
    this.finish(reason);
    const { rooms } = this;
    socket._abandonAll();
    const { nsp } = socket;
    nsp._remove(socket as AnySocket);
    nsp.emitReserved("session_lost", { id: socket.id, data: socket.data, rooms, reason, unconfirmed });
  }

  /** @internal */
  onDeadline(): void {
    if (this.state === "away") this.lose("expired");
    else this.confirm();
  }

  private finish(reason: string): void {
    if (this.state === "over") return;
    if (this.state === "away") this.rooms = this.absent.remove(this.socket);
    this.state = "over";
    this.socket._goLive(undefined);
    this.owner.deadlines.clear(this.deadline);
    this.owner.forget(this);
    this.log.clear();
    this.held = [];
    const waiting = this.waiting.splice(0);
    if (waiting.length === 0) return;
    const error = overError(reason);
    for (const { settle } of waiting) settle(error);
  }

  private onReceived(received: number): boolean {
    if (!this.log.confirm(received)) return false;
    this.asked = false;
    const { waiting } = this;
    if (waiting.length === 0) return true;
    const open = waiting.findIndex(({ number }) => number > received);
    for (const { settle } of waiting.splice(0, open < 0 ? waiting.length : open)) settle(undefined);
    if (this.waiting.length > 0) this.ask();
    return true;
  }

  private confirm(): void {
    this.socket._owesConfirmation = false;
    this.owner.deadlines.clear(this.deadline);
    if (this.state === "present") this.socket._control(["received", this.receipts.confirm()]);
  }

  /** Asks what the client has, unless an answer is on its way. */
  private ask(): void {
    if (this.asked) return;
    this.asked = true;
    this.socket._control(["confirm"]);
  }
}

function overError(reason: string): VaivenError {
  return new VaivenError("ACK_DISCONNECTED", "the session of this client is over: it is not known what it received", {
    detail: { reason },
  });
}

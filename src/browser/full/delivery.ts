// browser/full/ Acknowledged delivery with resume, as client/delivery.ts, in few bytes: the half of a socket of the browser files (ARCHITECTURE.md, "Between our own two ends").
//
//   none ──accept()──▶ active ──cut()──▶ away ──accept(): resumed──▶ active
//                                          │ accept(): not resumed, or the time is over
//                                          ▼
//                                         lost: `unconfirmed` and `lossReason` of the socket say what and why
import { VaivenError } from "../../errors.js";
import { CONFIRM_ALONE, CONFIRM_ALONG, CONFIRM_MS } from "../../event/delivery-receipts.js";
import { PacketType } from "../../packet/socket-packet.js";
import type { BinaryMessage } from "../compact/parser.js";
import type { BufferedPacket } from "../compact/socket.js";
import type { FullSocket } from "./socket.js";

/** How much is sent before the server has confirmed it; what is emitted then waits, as it does without a connection. */
const MOST_PACKETS = 10_000;
const MOST_CHARACTERS = 4 * 1024 * 1024;

/** A packet that the server may not have, as it was emitted and as it travels: not at all, where it is volatile. @internal */
interface Logged {
  readonly packet: BufferedPacket;
  readonly encoded: readonly (string | BinaryMessage)[];
  readonly size: number;
}

/** What the client says of its session when it joins. These names travel: minified files must keep them. */
interface Claim {
  readonly pid: string | undefined;
  /** The one before, which the server may not know to be over. */
  readonly over: string | undefined;
  readonly received: number;
  readonly from: number;
  readonly sent: number;
}

/** What our server says when it accepts. These names travel too. */
export interface Terms {
  readonly pid?: string;
  /** Milliseconds that the client may be gone. */
  readonly keep?: number;
  /** How many packets of this client it has received, where the session goes on. */
  readonly received?: number;
  /** Why the session that the client had does not. */
  readonly lost?: string;
}

/** The session of one socket over all its connections. @internal */
export class Delivery {
  /** The session, with a connection or without. */
  pid: string | undefined;
  private readonly holder: FullSocket;
  private over: string | undefined;
  private keep: number | undefined;
  private isCounted = false;
  private isAsked = false;
  /** The number of the last packet that the server has confirmed. */
  private base = 0;
  private log: Logged[] = [];
  private size = 0;
  /** How many packets of the server came, and how many it was told of. */
  private received = 0;
  private told = 0;
  private expiry: ReturnType<typeof setTimeout> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: FullSocket) {
    this.holder = socket;
  }

  /** Whether the server has to confirm first, or soon. */
  isFull(share = 1): boolean {
    return this.log.length * share >= MOST_PACKETS || this.size * share >= MOST_CHARACTERS;
  }

  /** What the CONNECT packet says. The server knows whether there is still a session: from now on it is its word that counts. */
  claim(): Claim {
    const { pid, over, received, base } = this;
    clearTimeout(this.expiry);
    return { pid, over, received, from: base, sent: base + this.log.length };
  }

  /** The server has accepted the socket, with terms if it is ours. Whether the session goes on; then the rest of the log has been sent. */
  onAccepted({ pid, keep, received, lost }: Terms): boolean {
    if (this.pid && pid === this.pid && (received as number) >= this.base && this.letGo(received)) {
      this.isCounted = true;
      for (const { packet, encoded } of this.log)
        if (packet.options && packet.options.volatile) this.tell("skip", 1);
        else for (const message of encoded) this.holder.io.engine.write(message);
      return true;
    }
    if (this.pid) this.lose(lost || "unknown session");
    if (keep) {
      this.over = undefined;
      this.pid = pid;
      this.keep = keep;
      this.isCounted = true;
    }
    return false;
  }

  /** An event or an acknowledgement leaves. */
  sent(packet: BufferedPacket, encoded: readonly (string | BinaryMessage)[], size: number): void {
    if (!this.isCounted) return;
    this.log.push({ packet, encoded, size });
    this.size += size;
    if (this.received - this.told >= CONFIRM_ALONG.client) this.sayReceived();
    if (!this.isAsked && this.isFull(2)) {
      this.isAsked = true;
      this.tell("confirm");
    }
  }

  /** An event or an acknowledgement came. */
  onCounted(): void {
    if (!this.isCounted) return;
    const due = ++this.received - this.told;
    if (due >= CONFIRM_ALONE) this.sayReceived();
    else if (due === 1) this.timer = setTimeout(() => this.sayReceived(), CONFIRM_MS);
  }

  /** A control packet came. Throws at what cannot be true. */
  onControl(kind: unknown, count: number): void {
    if (!this.isCounted) return;
    if (kind === "confirm") this.sayReceived();
    else if (kind === "skip") {
      this.received += count;
      this.told += count;
    } else if (kind === "received" && this.letGo(count)) this.holder._onConfirmed();
    else throw new VaivenError("SESSION_UNEXPECTED_PACKET", "the server says of this session what cannot be true");
  }

  /** The connection is lost. Whether the session waits for another. */
  cut(): boolean {
    clearTimeout(this.timer);
    clearTimeout(this.expiry);
    this.isCounted = this.isAsked = false;
    if (this.pid) this.expiry = setTimeout(() => this.lose("expired"), this.keep);
    return !!this.pid;
  }

  /** One of the two ends wished it. */
  end(): void {
    this.over = this.pid || this.over;
    this.pid = undefined;
    this.cut();
    this.log = [];
    this.base = this.size = this.received = this.told = 0;
  }

  private lose(reason: string): void {
    const { log, holder: socket } = this;
    this.end();
    socket._onLost(
      reason,
      log.filter(({ packet }) => packet.type === PacketType.EVENT).map(({ packet }) => packet.data as unknown[]),
    );
  }

  /** The server has received `count` packets. False if it cannot have. */
  private letGo(count: unknown): boolean {
    const dropped = (count as number) - this.base;
    if (!(dropped <= this.log.length)) return false;
    this.isAsked = false;
    if (dropped > 0) {
      for (const { size } of this.log.splice(0, dropped)) this.size -= size;
      this.base += dropped;
    }
    return true;
  }

  private sayReceived(): void {
    clearTimeout(this.timer);
    this.told = this.received;
    this.tell("received", this.told);
  }

  private tell(...data: unknown[]): void {
    const { io, nsp } = this.holder;
    io._send({ type: PacketType.CONTROL, nsp, data });
  }
}

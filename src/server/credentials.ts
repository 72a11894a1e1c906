// server/ Credentials of one socket that expire: the client is asked for new ones shortly before, and is disconnected when they have lapsed.
//
//   valid ──lead time before the end──▶ asked ──answer──▶ hook decides ──new expiry──▶ valid
//     │ no hook, or not our client        │ no answer            └──refused──▶ disconnected
//     └───────────────▶ expired ◀─────────┘
import { type ErrorCode, VaivenError } from "../errors.js";
import { Capability, encodeControl } from "../packet/control-packet.js";
import { Deadline, type DeadlineOwner } from "../session/deadlines.js";
import { isThenable } from "./middleware.js";
import type { AnySocket } from "./socket.js";

/** When credentials expire: milliseconds since 1970, as `Date.now()`, or a Date. */
export type Expiry = number | Date;

/**
 * Decides about renewed credentials: `auth` is what the client's `auth` option gives now. It returns when they expire, or a promise of it;
 * false, a throw or a rejection refuses them, and the socket is disconnected.
 */
export type RefreshHook<SocketType> = (
  socket: SocketType,
  auth: Record<string, unknown>,
) => Expiry | false | Promise<Expiry | false>;

/** A client is asked for new credentials this long before they expire, or at half of the time that is left if that is later. */
const LEAD_MS = 30_000;
/** Host timers do not last for months, and the wall clock may be set meanwhile. */
const LONGEST_WAIT_MS = 3_600_000;

/** Made for sockets that have an expiry, and for no others. */
export class Credentials implements DeadlineOwner {
  private readonly socket: AnySocket;
  private readonly deadline = new Deadline(this);
  private end = 0;
  private askAt = 0;
  private isAsked = false;
  private isDeciding = false;

  constructor(socket: AnySocket) {
    this.socket = socket;
  }

  /** Milliseconds since 1970. */
  get expiresAt(): number {
    return this.end;
  }

  /**
   * Sets or moves the end.
   *
   * @throws VaivenError `API_INVALID_ARGUMENT` for something that is not a time
   */
  renew(expiry: Expiry): void {
    const end = Number(expiry);
    if (Number.isNaN(end)) {
      throw new VaivenError("API_INVALID_ARGUMENT", "expected expiresAt to be milliseconds since 1970, or a Date");
    }
    const now = Date.now();
    this.end = end;
    this.askAt = end - Math.min(LEAD_MS, (end - now) / 2);
    this.isAsked = false;
    this.wait(now);
  }

  /** The socket has left. */
  clear(): void {
    this.socket.nsp.server._deadlines.clear(this.deadline);
  }

  onDeadline(): void {
    const now = Date.now();
    if (now >= this.end && this.socket.connected) {
      this.lapse("CREDENTIALS_EXPIRED");
      return;
    }
    if (now >= this.askAt) this.ask();
    this.wait(now);
  }

  /** The client has sent what its `auth` gives now. What nobody asked for is not looked at. */
  onAnswer(auth: unknown): void {
    const { socket } = this;
    const hook = socket.nsp._refresh;
    if (hook === undefined || !this.isAsked || this.isDeciding) return;
    this.isDeciding = true;
    const decide = (expiry: unknown): void => {
      this.isDeciding = false;
      if (!socket.connected) return;
      if (typeof expiry === "number" || expiry instanceof Date) this.renew(expiry);
      else this.lapse("CREDENTIALS_REFUSED");
    };
    const failed = (cause: unknown): void => {
      socket.nsp._errors.middlewareFailed(cause, { socket, event: "refresh" });
      decide(false);
    };
    try {
      const result = hook(socket, isObject(auth) ? auth : {});
      if (isThenable(result)) result.then(decide, failed);
      else decide(result);
    } catch (cause) {
      failed(cause);
    }
  }

  private ask(): void {
    const { socket } = this;
    if (this.isAsked || !socket.connected || socket.nsp._refresh === undefined) return;
    if ((socket.client._caps & Capability.REFRESH) === 0) return;
    this.isAsked = true;
    socket.client.connection.send(encodeControl(socket.nsp.name, ["refresh"]));
  }

  private lapse(code: ErrorCode & `CREDENTIALS_${string}`): void {
    const { socket } = this;
    this.clear();
    if ((socket.client._caps & Capability.REFRESH) !== 0) {
      socket.client.connection.send(encodeControl(socket.nsp.name, ["lapsed", code]));
    }
    const what = code === "CREDENTIALS_EXPIRED" ? "have expired" : "were refused";
    socket._dismiss(new VaivenError(code, `the credentials of the socket ${what}`));
  }

  /** Waits for what comes next. While the socket is not let in yet it can neither be asked nor dismissed. */
  private wait(now: number): void {
    const next = this.isAsked || now >= this.askAt ? this.end : this.askAt;
    const shortest = this.socket.connected ? 0 : 100;
    this.socket.nsp.server._deadlines.set(this.deadline, Math.max(shortest, Math.min(next - now, LONGEST_WAIT_MS)));
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

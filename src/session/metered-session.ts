// session/ A session whose peer may send a certain amount a second and no more. Made only where a rate is set: other sessions know nothing of it.
import { VaivenError } from "../errors.js";
import { ServerSession } from "./server-session.js";

/** How much a peer may send. Infinity for no limit. */
export interface RateLimits {
  /** Engine.IO packets (events, acknowledgements, attachments, pongs), and pings and pongs of WebSocket itself. */
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** How many seconds' worth may be saved up, and then be sent at once. */
  readonly burstSeconds: number;
}

/** The option that {@link RateLimits} came from, for messages. */
export type RateOption = "maxMessagesPerSecond" | "maxBytesPerSecond";

/**
 * A bucket that fills at `rate` a second up to `rate` × `burst`. What takes the last of it may take more than there was, so that one message
 * larger than the whole bucket can still be sent: the debt is paid before the next one.
 */
export class TokenBucket {
  readonly rate: number;
  private readonly most: number;
  private tokens: number;
  private filledAt: number;

  constructor(rate: number, burst: number, now: number) {
    this.rate = rate;
    this.most = rate * burst;
    this.tokens = this.most;
    this.filledAt = now;
  }

  /** False, and nothing taken, if the bucket is empty. `now` in milliseconds. */
  take(amount: number, now: number): boolean {
    this.tokens = Math.min(this.most, this.tokens + ((now - this.filledAt) / 1000) * this.rate);
    this.filledAt = now;
    // Less than one is no message; with bytes it makes no difference.
    if (this.tokens < 1) return false;
    this.tokens -= amount;
    return true;
  }
}

/** Counts what arrives before it is looked at; the packet too many closes the session with `SESSION_RATE_EXCEEDED`. */
export class MeteredSession extends ServerSession {
  /** Told before the session is closed. */
  onRateExceeded: ((error: VaivenError) => void) | undefined = undefined;
  private messages: TokenBucket | undefined = undefined;
  private bytes: TokenBucket | undefined = undefined;

  /** Once, before anything arrives. */
  limitTo(limits: RateLimits): void {
    const now = this.host.platform.now();
    const { messagesPerSecond, bytesPerSecond, burstSeconds } = limits;
    if (Number.isFinite(messagesPerSecond)) this.messages = new TokenBucket(messagesPerSecond, burstSeconds, now);
    if (Number.isFinite(bytesPerSecond)) this.bytes = new TokenBucket(bytesPerSecond, burstSeconds, now);
  }

  override onText(packet: string): void {
    const size = this.bytes === undefined ? 0 : this.host.platform.textByteLength(packet);
    if (this.mayTake(size)) super.onText(packet);
  }

  override onBinary(message: Uint8Array): void {
    if (this.mayTake(message.byteLength)) super.onBinary(message);
  }

  onControlFrame(size: number): void {
    this.mayTake(size);
  }

  private mayTake(size: number): boolean {
    if (this.state !== "open") return false;
    const now = this.host.platform.now();
    const { messages, bytes } = this;
    if (messages?.take(1, now) === false) return this.exceeded("maxMessagesPerSecond", messages.rate);
    if (bytes?.take(size, now) === false) return this.exceeded("maxBytesPerSecond", bytes.rate);
    return true;
  }

  private exceeded(name: RateOption, limit: number): false {
    const error = new VaivenError("SESSION_RATE_EXCEEDED", `expected at most ${limit} a second (${name}), got more`, {
      closeCode: 1008,
      detail: { name, limit },
    });
    this.onRateExceeded?.(error);
    this.fail(error);
    return false;
  }
}

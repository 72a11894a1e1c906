// node/ `vaiven/websocket`: the messages of a WebSocket as an async iterable, with back-pressure.
import type { WebSocketPeer } from "./websocket-peer.js";

/** What may wait for the loop before the peer is no longer read: in messages … */
const MOST_WAITING_MESSAGES = 64;
/** … and in bytes, or characters of a text. */
const MOST_WAITING_BYTES = 64 * 1024;

type Message = string | Buffer;

/** One loop over the messages of `peer`: from now until it closes. What waits for the loop's body is bounded, beyond it the peer waits. */
export class MessageIterator implements AsyncIterableIterator<Message> {
  private readonly peer: WebSocketPeer;
  private readonly waiting: Message[] = [];
  private waitingBytes = 0;
  private isPausing = false;
  private isDone = false;
  private takers: ((result: IteratorResult<Message, undefined>) => void)[] = [];
  private readonly onMessage = (message: Message): void => this.take(message);
  private readonly onClose = (): void => this.finish();

  constructor(peer: WebSocketPeer) {
    this.peer = peer;
    if (peer.state === "closed") this.isDone = true;
    else peer.on("message", this.onMessage).on("close", this.onClose);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Message, undefined>> {
    const message = this.waiting.shift();
    if (message === undefined) {
      if (this.isDone) return Promise.resolve({ done: true, value: undefined });
      return new Promise((resolve) => this.takers.push(resolve));
    }
    this.waitingBytes -= message.length;
    if (this.waiting.length === 0) this.resume();
    return Promise.resolve({ done: false, value: message });
  }

  /** The loop was left: the connection goes on. */
  return(): Promise<IteratorResult<Message, undefined>> {
    this.waiting.length = 0;
    this.finish();
    this.resume();
    return Promise.resolve({ done: true, value: undefined });
  }

  private take(message: Message): void {
    const taker = this.takers.shift();
    if (taker !== undefined) {
      taker({ done: false, value: message });
      return;
    }
    this.waiting.push(message);
    this.waitingBytes += message.length;
    if (this.isPausing) return;
    if (this.waiting.length < MOST_WAITING_MESSAGES && this.waitingBytes < MOST_WAITING_BYTES) return;
    this.isPausing = true;
    this.peer.pause();
  }

  private resume(): void {
    if (!this.isPausing) return;
    this.isPausing = false;
    this.peer.resume();
  }

  private finish(): void {
    this.isDone = true;
    this.peer.off("message", this.onMessage).off("close", this.onClose);
    for (const taker of this.takers.splice(0)) taker({ done: true, value: undefined });
  }
}

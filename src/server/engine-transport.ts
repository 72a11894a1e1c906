// server/ `socket.conn.transport`: what carries a session, as Engine.IO's own transports look to programs. Made when a program first asks for it.
import type { Unchecked } from "../event/event-map.js";
import type { Transport, TransportName } from "../session/transport.js";
import type { EngineConnection } from "./engine-connection.js";
import { GuardedEmitter } from "./guarded-emitter.js";

/**
 * A transport of a connection. Events, while it carries the connection: `packet` ({ type, data }), `drain`, and `close`, once.
 */
export class EngineTransport extends GuardedEmitter {
  /** Whether a client may leave it for another transport. */
  readonly handlesUpgrades: boolean;
  /** @internal The transport itself. */
  readonly carrier: Transport;
  private readonly connection: EngineConnection;
  private isGone = false;
  private ownWebSocket: object | undefined = undefined;

  /** @internal */
  constructor(carrier: Transport, connection: EngineConnection) {
    super();
    this.carrier = carrier;
    this.connection = connection;
    this.handlesUpgrades = carrier.name !== "polling";
  }

  /** `polling`, `websocket` or `webtransport`. */
  get name(): TransportName {
    return this.carrier.name;
  }

  /** The session id. */
  get sid(): string {
    return this.connection.id;
  }

  /** Engine.IO protocol. */
  get protocol(): 3 | 4 {
    return this.connection.session.protocol;
  }

  /** Whether bytes may be sent as they are. */
  get supportsBinary(): boolean {
    return true;
  }

  /** Whether the next packet may be handed over now: not between two polls, and not while a slow client has not taken the last ones. */
  get writable(): boolean {
    return this.carrier.writable;
  }

  /** Bytes that were handed over and wait for the client to take them. */
  get bufferedAmount(): number {
    return this.carrier.bufferedAmount;
  }

  /** That of its connection; `closed` once the connection has ended or gone over to another transport. */
  get readyState(): "opening" | "open" | "closing" | "closed" {
    return this.isGone ? "closed" : this.connection.session.state;
  }

  /**
   * The WebSocket, undefined over polling and WebTransport: `_socket` (Node's socket: its `remoteAddress`), `readyState`, `bufferedAmount`, `extensions`,
   * `close(code?, reason?)`, `terminate()`. With `wsEngine` it is that engine's own.
   */
  get socket(): Unchecked {
    this.ownWebSocket ??= this.carrier.webSocket;
    return this.ownWebSocket;
  }

  /** Ends what carries the connection: the connection ends with it ("transport close"). Once it has gone over to another transport, nothing happens. */
  close(done?: () => void): void {
    if (this.isGone || this.discarded) return;
    if (done !== undefined) this.once("close", () => done());
    this.carrier.close();
  }

  /** Whether the connection has gone over to another transport. */
  get discarded(): boolean {
    return this.carrier !== this.connection.session.transport;
  }

  /** @internal It carries the connection no longer. */
  left(): void {
    if (this.isGone) return;
    this.isGone = true;
    this.emit("close");
  }

  /** @internal */
  override listenerFailed(cause: unknown, event: string | symbol): void {
    this.connection.listenerFailed(cause, event);
  }
}

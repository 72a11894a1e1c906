// server/ The sessions of an engine: opened, found by id, counted, and let go (Engine.IO protocol v4, "Handshake").
import type { IncomingMessage } from "node:http";
import { addressOf } from "../http/trusted-proxy.js";
import { MeteredSession } from "../session/metered-session.js";
import { ServerSession } from "../session/server-session.js";
import type { SessionSink } from "../session/session-sink.js";
import type { Transport } from "../session/transport.js";
import { ConnectionLimits } from "./connection-limits.js";
import type { Engine } from "./engine.js";
import { EngineConnection, factsOf } from "./engine-connection.js";
import type { EngineSocket } from "./engine-socket.js";
import type { EngineHost } from "./host.js";

/** Hears of a session until its owner takes it over, in the same turn. */
const NO_OWNER: SessionSink = Object.freeze({ onMessage() {}, onBinary() {}, onClose() {} });

/** All sessions that are not closed. */
export class EngineSessions {
  /** Undefined where connections are not limited. */
  readonly limits: ConnectionLimits | undefined;
  private readonly engine: Engine;
  private readonly host: EngineHost;
  private readonly connections = new Map<string, EngineConnection>();
  /** Called when the last session has ended. */
  private onEmpty: (() => void) | undefined = undefined;

  constructor(engine: Engine, host: EngineHost) {
    const { connections } = engine.settings;
    this.engine = engine;
    this.host = host;
    this.limits = connections === undefined ? undefined : new ConnectionLimits(connections);
  }

  get size(): number {
    return this.connections.size;
  }

  get(id: string): EngineConnection | undefined {
    return this.connections.get(id);
  }

  has(id: string): boolean {
    return this.connections.has(id);
  }

  /** The sockets of all by their ids: a copy. */
  sockets(): Record<string, EngineSocket> {
    return Object.fromEntries([...this.connections].map(([id, connection]) => [id, connection.socket]));
  }

  /** Opens a session over `transport`, which already carries its request, and tells whoever waits for sessions. */
  open(id: string, protocol: 3 | 4, transport: Transport, req: IncomingMessage): void {
    const { engine, host, limits } = this;
    // While the user's functions decided, the engine may have been closed, or other handshakes have taken the id or the last place.
    const tooMany = limits?.refuse(addressOf(factsOf(req), engine.trustProxy), transport.name === "polling");
    if (engine.isClosed || this.connections.has(id) || tooMany !== undefined) {
      transport.close(tooMany === undefined ? 1001 : 1008, tooMany?.code);
      return;
    }
    host.flushQueue.enter();
    try {
      const session = this.newSession(id, protocol, transport);
      const connection = new EngineConnection(session, engine.rememberRequest(req), engine);
      if (session instanceof MeteredSession) {
        session.onRateExceeded = (error) => engine.tellLimit(error, { connection });
      }
      this.connections.set(id, connection);
      limits?.opened(connection);
      // A session is watched through its socket, which is made for it if there is something to watch for.
      if (engine.relaysOutput) void connection.socket;
      session.open(engine.openExtra, engine.settings.initialPacket);
      engine.onSession?.(connection);
      if (engine.listenerCount("connection") > 0) {
        // Listeners see what follows the open packet.
        session.flush();
        engine.emit("connection", connection.socket);
      }
    } finally {
      host.flushQueue.leave();
    }
  }

  /** A connection has left polling. */
  upgraded(connection: EngineConnection): void {
    this.limits?.upgraded(connection);
  }

  /** A connection has ended. */
  forget(connection: EngineConnection): void {
    if (this.connections.get(connection.id) === connection) this.connections.delete(connection.id);
    this.limits?.closed(connection);
    if (this.connections.size === 0) this.onEmpty?.();
  }

  /** Closes all of them, once what waits has been sent, as far as clients that poll are asking for it. */
  close(): void {
    for (const { session } of [...this.connections.values()]) session.closeUnreachable();
  }

  /** Closes all of them; clients that poll come for what waits, and for the end. */
  leave(): void {
    for (const { session } of [...this.connections.values()]) session.close();
  }

  /** Resolves once no connection is left. */
  ended(): Promise<void> {
    return new Promise((resolve) => {
      const { onEmpty } = this;
      this.onEmpty = () => {
        onEmpty?.();
        resolve();
      };
      if (this.connections.size === 0) this.onEmpty();
    });
  }

  private newSession(id: string, protocol: 3 | 4, transport: Transport): ServerSession {
    const { rates, session: options } = this.engine.settings;
    if (rates === undefined) return new ServerSession(id, protocol, transport, NO_OWNER, options, this.host);
    const session = new MeteredSession(id, protocol, transport, NO_OWNER, options, this.host);
    session.limitTo(rates);
    return session;
  }
}

// client/ `socket.io.engine`: one Engine.IO session as programs see it. A facade of session/client-session.ts; the Manager makes one for each connection.
import type { ReservedOrUserListener } from "../event/event-map.js";
import { Outgoing, type OutgoingOptions } from "../packet/outgoing.js";
import type { ClientHost, ClientPlatform, ClientTransportOptions } from "../session/client-host.js";
import { ClientSession } from "../session/client-session.js";
import type { OpenData } from "../session/open-data.js";
import type { SessionObserver } from "../session/session-sink.js";
import type { ClientTransport } from "../session/transport.js";
import { GuardedEmitter } from "./guarded-emitter.js";
import type { EngineSettings } from "./options.js";

/** An Engine.IO packet, as the events `packet` and `packetCreate` show it. */
export interface EnginePacket {
  type: string;
  data?: string | Uint8Array | undefined;
}

/** The events of `socket.io.engine`. */
export interface EngineEvents {
  open: () => void;
  handshake: (data: OpenData) => void;
  packet: (packet: EnginePacket) => void;
  packetCreate: (packet: EnginePacket) => void;
  data: (data: string | Uint8Array | ArrayBuffer) => void;
  message: (data: string | Uint8Array | ArrayBuffer) => void;
  drain: () => void;
  flush: () => void;
  heartbeat: () => void;
  ping: () => void;
  error: (error: Error) => void;
  upgrading: (transport: ClientTransport) => void;
  upgrade: (transport: ClientTransport) => void;
  upgradeError: (error: Error) => void;
  close: (reason: string, description?: unknown) => void;
}

/** Who owns an engine: the Manager. */
export interface EngineOwner {
  onOpen(data: OpenData): void;
  onMessage(packet: string, start: number): void;
  onBinary(message: Uint8Array): void;
  onPing(): void;
  onClose(reason: string, description: unknown): void;
  onError(error: Error): void;
}

let upgradedBefore = false;

/** See `socket.io.engine`. */
export class Engine extends GuardedEmitter<Record<never, never>, Record<never, never>, EngineEvents> {
  /** The options of this connection, with `hostname`, `port` and `secure` as the URL says. Changes have no effect: see `socket.io.opts`. */
  readonly opts: ClientTransportOptions;
  private readonly session: ClientSession;
  private readonly observer: SessionObserver<ClientTransport>;
  private readonly binary: (bytes: Uint8Array) => Uint8Array | ArrayBuffer;

  /** Begins to connect with {@link open}. */
  constructor(host: ClientHost, platform: ClientPlatform, settings: EngineSettings, owner: EngineOwner) {
    super(platform.soon);
    const { flushQueue, payload } = host;
    const { transports, upgrade, tryAllTransports, rememberUpgrade, optionsFor } = settings;
    const classes: Record<string, EngineSettings["transports"][number]> = {};
    for (const transport of transports) classes[transport.prototype.name] = transport;
    const names = Object.keys(classes) as ClientTransport["name"][];
    if (rememberUpgrade && upgradedBefore && names.indexOf("websocket") > 0) {
      names.sort((name) => (name === "websocket" ? -1 : 0));
    }
    upgradedBefore = false;
    this.opts = optionsFor("");
    this.binary = host.userBytes;
    this.session = new ClientSession(
      {
        transports: names,
        upgrade,
        tryAllTransports,
        createTransport: (name, sid) =>
          new classes[name]!({ options: optionsFor(name), sid, platform, flushQueue, payload, session: this }),
      },
      platform,
      flushQueue,
      {
        onOpen: (data) => {
          upgradedBefore = this.session.transport?.name === "websocket";
          owner.onOpen(data);
          this.emitReserved("handshake", data);
          this.emitReserved("open");
        },
        onMessage: (packet, start) => {
          owner.onMessage(packet, start);
          this.tell(packet, start);
        },
        onBinary: (bytes) => {
          owner.onBinary(bytes);
          this.tell(bytes, 0);
        },
        onClose: (reason, description) => {
          owner.onClose(reason, description);
          this.emitReserved("close", reason, description);
        },
        onError: (error) => {
          owner.onError(error);
          this.emitReserved("error", error);
        },
      },
    );
    this.session.observer = this.observer = {
      onHeartbeat: () => {
        owner.onPing();
        this.emitReserved("ping");
        this.emitReserved("heartbeat");
      },
      onFlush: () => this.emitReserved("flush"),
      onDrain: () => this.emitReserved("drain"),
      onUpgrading: (transport) => this.emitReserved("upgrading", transport),
      onUpgrade: (transport) => {
        upgradedBefore = transport.name === "websocket";
        this.emitReserved("upgrade", transport);
      },
      onUpgradeError: (error) => this.emitReserved("upgradeError", error),
    };
  }

  /** The session's id; the server knows the connection by it. Undefined until the engine is open. */
  get id(): string | undefined {
    return this.session.id;
  }

  /**
   * The transport that carries the connection now; its `name` is `polling` or `websocket`. Undefined before the first attempt:
   * Socket.IO's types do not say so, and a program typed for them could not compile if ours did.
   */
  get transport(): ClientTransport {
    return this.session.transport as ClientTransport;
  }

  get readyState(): "opening" | "open" | "closing" | "closed" {
    const { state } = this.session;
    return state === "idle" ? "opening" : state;
  }

  /** Whether a packet sent now leaves with the next flush. */
  get writable(): boolean {
    return this.session.writable;
  }

  /** Bytes that wait here and in the transport. */
  get bufferedAmount(): number {
    return this.session.bufferedAmount;
  }

  /** Bytes that the server takes in one message; 0 or undefined where it did not say. */
  get maxPayload(): number | undefined {
    return this.session.maxPayload;
  }

  override on<Ev extends keyof EngineEvents>(
    event: Ev,
    listener: ReservedOrUserListener<EngineEvents, Record<never, never>, Ev>,
  ): this {
    // Watching each packet costs an object each: only for who listens.
    if (event === "packet") this.observer.onPacket = (type, data) => this.emitReserved("packet", { type, data });
    if (event === "packetCreate") {
      this.observer.onPacketCreate = (type, data) => this.emitReserved("packetCreate", { type, data });
    }
    return super.on(event, listener);
  }

  /** Connects. Once. */
  open(): this {
    this.session.open();
    return this;
  }

  /** Sends one message of the Engine.IO layer, below Socket.IO. Before the opening and after the close nothing is sent. */
  write(data: string | Uint8Array | ArrayBuffer, options?: OutgoingOptions): this {
    this.sendPacket(
      new Outgoing(
        typeof data === "string" ? `4${data}` : data instanceof ArrayBuffer ? new Uint8Array(data) : data,
        undefined,
        options,
      ),
    );
    return this;
  }

  /** As {@link write}. */
  send(data: string | Uint8Array | ArrayBuffer, options?: OutgoingOptions): this {
    return this.write(data, options);
  }

  /** Sends what was encoded. @internal */
  sendPacket(packet: Outgoing): void {
    this.session.send(packet);
  }

  /** Flushes what waits, then closes. The Manager reconnects, unless it closed the engine itself. */
  close(): this {
    this.session.close();
    return this;
  }

  /** See {@link ClientSession.abandon}. @internal */
  abandon(reason: "transport close" | "ping timeout" | "parse error", description: unknown): void {
    this.session.abandon(reason, description);
  }

  /** Whether the server's ping is overdue; then the connection is given up at the end of the turn. @internal */
  hasPingExpired(): boolean {
    return this.session.hasPingExpired();
  }

  private tell(data: string | Uint8Array, start: number): void {
    if (!this.hasListeners("message") && !this.hasListeners("data")) return;
    const message = typeof data === "string" ? data.slice(start) : this.binary(data);
    this.emitReserved("data", message);
    this.emitReserved("message", message);
  }
}

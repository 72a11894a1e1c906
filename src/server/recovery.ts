// server/ Connection state recovery: which sessions are kept, and whose socket a returning client gets (Socket.IO documentation, "Connection state recovery").
import type { RestoredSession } from "../adapter/contract.js";
import type { Unchecked } from "../event/event-map.js";
import type { Client } from "./client.js";
import { Deliveries } from "./deliveries.js";
import { ENGINE_DEFAULTS } from "./engine-options.js";
import type { SessionClaim } from "./envelope.js";
import type { AnyNamespace } from "./namespace.js";
import { RecoverableSocket } from "./recoverable-socket.js";
import type { ServerHost } from "./server.js";
import { type ConnectionStateRecoveryOptions, count, type ServerOptions } from "./server-options.js";
import { SessionAwareAdapter } from "./session-aware-adapter.js";
import type { AnySocket } from "./socket.js";

const DEFAULT_DURATION = 120_000;
const DEFAULT_LOG_BYTES = 16 * 1024 * 1024;
const DEFAULT_UNCONFIRMED_BYTES = 4 * 1024 * 1024;
const DEFAULT_ABSENT_BYTES = 256 * 1024 * 1024;

/** The recovery of one server; there is none where the option is off. */
export class Recovery {
  readonly skipsMiddlewares: boolean;
  /** Makes the adapter of a namespace, where the program names none. */
  readonly createAdapter: (namespace: AnyNamespace) => SessionAwareAdapter;
  /** The connected sockets by their private ids, which nobody can guess. */
  private readonly live: Map<string, RecoverableSocket> = new Map();
  /** The sessions of our own clients. */
  readonly deliveries: Deliveries;
  private readonly host: ServerHost;

  private constructor(host: ServerHost, options: Partial<ServerOptions>, option: ConnectionStateRecoveryOptions) {
    const { maxDisconnectionDuration, skipMiddlewares, maxLogBytes } = option;
    this.host = host;
    this.skipsMiddlewares = skipMiddlewares !== false;
    const { platform } = host;
    const maxAbsentSessions = count("maxAbsentSessions", option.maxAbsentSessions, 100_000);
    const adapterHost = {
      clock: platform,
      textByteLength: (text: string) => platform.textByteLength(text),
      randomTag: () => host.randomId().slice(0, 8),
      heartbeat:
        (options.pingInterval ?? ENGINE_DEFAULTS.pingInterval) + (options.pingTimeout ?? ENGINE_DEFAULTS.pingTimeout),
      maxDisconnectionDuration: count("maxDisconnectionDuration", maxDisconnectionDuration, DEFAULT_DURATION),
      maxLogBytes: count("maxLogBytes", maxLogBytes, DEFAULT_LOG_BYTES),
      maxAbsentSessions,
    };
    this.deliveries = new Deliveries(host, {
      duration: adapterHost.maxDisconnectionDuration,
      limits: {
        maxPackets: count("maxUnconfirmedPackets", option.maxUnconfirmedPackets, 10_000),
        maxBytes: count("maxUnconfirmedBytes", option.maxUnconfirmedBytes, DEFAULT_UNCONFIRMED_BYTES),
      },
      maxAbsentBytes: count("maxAbsentBytes", option.maxAbsentBytes, DEFAULT_ABSENT_BYTES),
      maxAbsentSessions,
      maxOutboxes: count("maxOutboxes", option.maxOutboxes, 100_000),
    });
    this.createAdapter = (namespace) => new SessionAwareAdapter(namespace, adapterHost);
  }

  /**
   * Undefined where the option is off.
   * @throws VaivenError `API_INVALID_OPTION`
   */
  static of(host: ServerHost, options: Partial<ServerOptions>): Recovery | undefined {
    const option: ConnectionStateRecoveryOptions | boolean | undefined = options.connectionStateRecovery;
    // The types know objects only; programs without types switch it on and off.
    if (option === undefined || option === (false as unknown)) return undefined;
    // npm's adapters read these two.
    const defaults = { maxDisconnectionDuration: DEFAULT_DURATION, skipMiddlewares: true };
    const complete = { ...defaults, ...option };
    options.connectionStateRecovery = complete;
    return new Recovery(host, options, complete);
  }

  /** Hands over the socket that `client` had before, if it says that it had one and that can be recovered, otherwise a new one. None if it left meanwhile. */
  findSocket(
    namespace: AnyNamespace,
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    claim: SessionClaim | undefined,
    found: (socket: AnySocket | undefined) => void,
  ): void {
    if (claim !== undefined && this.deliveries.serves(namespace)) {
      found(this.deliveries.socketFor(namespace, client, auth, claim) as AnySocket);
      return;
    }
    const { adapter } = namespace;
    const make = (session: RestoredSession | undefined): void => {
      const id = session?.sid ?? namespace._socketId(client);
      const pid = session?.pid ?? this.host.randomId();
      found(new RecoverableSocket(namespace, client, auth, id, pid, this.live, session) as AnySocket);
    };
    const pid: unknown = auth?.pid;
    const offset: unknown = auth?.offset;
    // What npm's adapters do without an offset is not defined.
    const isKnown = typeof offset === "string" || (offset === undefined && adapter instanceof SessionAwareAdapter);
    if (typeof pid !== "string" || !isKnown) {
      make(undefined);
      return;
    }
    // The client knows before the server that the old connection is dead: it ends now.
    const alive = this.live.get(pid);
    if (alive?.nsp === namespace) alive.client.connection.close(true);
    const restored = async (): Promise<RestoredSession | null> => adapter.restoreSession(pid, offset as string);
    restored().then(
      (session) => {
        if (client.isClosed) {
          if (session !== null) this.giveBack(namespace, session);
          found(undefined);
        } else make(session === null || namespace.sockets.has(session.sid) ? undefined : session);
      },
      (cause: unknown) => {
        namespace._errors.handlerFailed(cause, { namespace, event: "adapter" });
        if (client.isClosed) found(undefined);
        else make(undefined);
      },
    );
  }

  /** The client left before it had its session: it may come for it again. */
  private giveBack(namespace: AnyNamespace, { sid, pid, rooms, data, expiresAt }: RestoredSession): void {
    const session = { sid, pid, rooms, data, ...(expiresAt === undefined ? undefined : { expiresAt }) };
    namespace._askAdapter((adapter) => adapter.persistSession(session));
    namespace._askAdapter((adapter) => adapter.delAll(sid));
  }
}

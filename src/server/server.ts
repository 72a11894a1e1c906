// server/ The server: namespaces over an engine, and the engine over HTTP servers (Socket.IO documentation, "The Server instance").
import { EventEmitter } from "node:events";
import type { Server as HttpServer } from "node:http";
import { VaivenError } from "../errors.js";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { PacketEncoder } from "../packet/parser.js";
import type { Deadlines } from "../session/deadlines.js";
import type { Clock } from "../session/platform.js";
import { Broadcaster } from "./broadcaster.js";
import { Client, type ConnectionOrigin } from "./client.js";
import type { RefreshHook } from "./credentials.js";
import { type CloseOptions, tellReturnTimes } from "./drain.js";
import { DynamicNamespaces } from "./dynamic-namespaces.js";
import { Engine } from "./engine.js";
import { ENGINE_DEFAULTS } from "./engine-options.js";
import { Engines } from "./engines.js";
import { serverCapabilities, serverEnvelope } from "./envelope.js";
import { type ErrorHook, ErrorReporter } from "./error-reporter.js";
import { type ForeignSocket, foreignOrigin } from "./foreign-connection.js";
import type { EngineHost } from "./host.js";
import { InMemoryAdapter } from "./in-memory-adapter.js";
import { type AnyNamespace, Namespace, type NamespaceAdapter } from "./namespace.js";
import { checkedOptions, checkOption, remarksOnLate, remarksOnUnknown } from "./option-checks.js";
import { defaultCodec, type PacketCodec, parserCodec } from "./packet-writer.js";
import type { ParentMatcher } from "./parent-namespace.js";
import { Recovery } from "./recovery.js";
import { type AdapterConstructor, count, packetLimits, type ServerOptions } from "./server-options.js";
import type { Socket } from "./socket.js";
import type { ExtendedError, ServerReservedEventsMap } from "./socket-types.js";

/** A server of any program. */
export type AnyServer = Server<Unchecked, Unchecked, Unchecked, Unchecked>;

/** What a server needs of its platform beside the engine's needs. */
export interface ServerHost extends EngineHost {
  /** An HTTP server that answers every request with 404: for `new Server(3000)`. */
  createHttpServer(): HttpServer;
}

/** Anything that `attach` takes: an http, https or http2 server, a port, or a port in a text. */
export type ServerTarget = HttpServer | object | number | string;

/**
 * Accepts connections and sorts them into namespaces. Every emitter and broadcast method means the main namespace, `/`.
 *
 * @typeParam ListenEvents - events that clients send
 * @typeParam EmitEvents - events that the server sends
 * @typeParam ServerSideEvents - events between the servers of several processes
 * @typeParam SocketData - the type of `socket.data`
 */
export class Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> extends Broadcaster<
  ListenEvents,
  EmitEvents,
  ServerSideEvents,
  SocketData,
  ServerReservedEventsMap<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  /** The main namespace, `/`. */
  readonly sockets: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The low-level server, from `attach`, `listen` or `bind` on; after several of them the last one's. */
  engine!: Engine;
  /** The HTTP server, from `attach` or `listen` on; after several of them the last one. */
  httpServer!: HttpServer;
  /** The options that were given. */
  readonly opts: Partial<ServerOptions>;
  /** Encodes packets for plugins. */
  readonly encoder: PacketEncoder;
  /** @internal The namespaces by name: a door of plugins. */
  readonly _nsps: Map<string, Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Map();
  /** @internal */
  readonly _dynamic: DynamicNamespaces = new DynamicNamespaces(this as AnyServer);
  /** @internal */
  readonly _codec: PacketCodec;
  /** @internal What it can do beyond Socket.IO, as bits of `Capability`. Control packets have no place among the messages of a program's own parser. */
  readonly _caps: number;
  /** @internal */
  readonly _errors: ErrorReporter;
  /** @internal */
  readonly _clock: Clock;
  /** @internal */
  readonly _deadlines: Deadlines;
  /** @internal */
  _connectTimeout!: number;
  /** @internal */
  readonly _cleansUpChildren: boolean;
  /** @internal */
  readonly _maxNamespaces: number;
  /** @internal */
  readonly _maxEmptyNamespaces: number;
  /** @internal What may wait for one namespace while its middlewares run, in bytes of messages. */
  _maxPendingBytes!: number;
  /** @internal What may wait for one client, in bytes: no packet may be larger. */
  _maxBufferedBytes!: number;
  /** @internal Undefined where the option is off. */
  readonly _recovery: Recovery | undefined;
  private readonly host: ServerHost;
  private readonly engines: Engines = new Engines();
  private adapterClass: AdapterConstructor;

  /**
   * @param host - the platform; the package's entry binds it
   * @param target - what to attach to at once; options may stand here
   * @throws VaivenError `API_INVALID_OPTION`
   */
  constructor(host: ServerHost, target?: ServerTarget | Partial<ServerOptions>, options: Partial<ServerOptions> = {}) {
    super();
    const optionsFirst = typeof target === "object" && target !== null && !("listen" in target);
    this.host = host;
    this.opts = checkedOptions(optionsFirst ? (target as Partial<ServerOptions>) : options);
    const { opts } = this;
    for (const remark of remarksOnUnknown(opts)) host.warn(remark);
    this._clock = host.platform;
    this._deadlines = host.deadlines;
    this._errors = new ErrorReporter(host.platform, opts.rethrowHandlerErrors === true);
    this._codec = opts.parser === undefined ? defaultCodec(packetLimits(opts)) : parserCodec(opts.parser);
    this.encoder = this._codec.encoder;
    this.readOptions();
    this._cleansUpChildren = opts.cleanupEmptyChildNamespaces === true;
    this._maxNamespaces = opts.maxNamespacesPerConnection ?? 1000;
    this._maxEmptyNamespaces = opts.maxEmptyNamespaces ?? 10_000;
    this._recovery = Recovery.of(host, opts);
    this._caps = opts.parser === undefined ? serverCapabilities(this._recovery !== undefined) : 0;
    this.adapterClass = opts.adapter ?? this._recovery?.createAdapter ?? InMemoryAdapter;
    this.sockets = this.of("/");
    if (target !== undefined && target !== null && !optionsFirst) this.attach(target as ServerTarget);
  }

  /**
   * Serves clients on an HTTP server, or on a new one that listens on a port. The server's other requests reach its own listeners. May be called for
   * several servers, which {@link close} closes all.
   *
   * @param options - what `new Server` was not given. Those of namespaces and events must be given there: here they only earn a remark on the console
   * @throws VaivenError `API_INVALID_ARGUMENT` for an Express application instead of an HTTP server, `API_INVALID_OPTION`
   */
  attach(target: ServerTarget, options: Partial<ServerOptions> = {}): this {
    if (typeof target === "function") {
      throw new VaivenError(
        "API_INVALID_ARGUMENT",
        "expected an HTTP server or a port, got a function. For an Express application: const server = createServer(app); io.attach(server)",
      );
    }
    const port = portOf(target);
    const httpServer = port === undefined ? (target as HttpServer) : this.host.createHttpServer();
    if (typeof httpServer.listen !== "function") {
      throw new VaivenError("API_INVALID_ARGUMENT", `expected an HTTP server or a port, got ${typeof target}`);
    }
    this.takeOptions(options);
    this.startEngine(httpServer);
    if (port !== undefined) httpServer.listen(port);
    return this;
  }

  /** As {@link attach}. */
  listen(target: ServerTarget, options?: Partial<ServerOptions>): this {
    return this.attach(target, options);
  }

  /** @throws VaivenError `API_UNAVAILABLE`: uWebSockets.js has no Node HTTP server to attach to */
  attachApp(): never {
    throw new VaivenError(
      "API_UNAVAILABLE",
      "uWebSockets.js is not supported: use io.attach(httpServer) with a server of node:http or node:https",
    );
  }

  /** @deprecated Use {@link engine}. */
  get eio(): Engine {
    return this.engine;
  }

  /** Takes the connections of an engine: ours, or one of npm's `engine.io`. Connections that it has already are not taken. {@link close} closes it. */
  bind(engine: Engine | EventEmitter): this {
    this.engine = engine as Engine;
    this.engines.add(this.engine);
    if (engine instanceof Engine) {
      engine.onFailure = (cause, failure) => this._errors.engineFailed(cause, failure);
      engine.openExtra = { vaiven: serverEnvelope(this._caps) };
      engine.onSession = (connection) => this.accept(connection);
    } else engine.on("connection", (socket: ForeignSocket) => this.accept(foreignOrigin(socket)));
    return this;
  }

  /**
   * A namespace: by name, or all those whose names a pattern or a function matches. The same one each time.
   *
   * @param name - a slash is put before it where it has none. A pattern or a function gives a parent: its middlewares and `connection` listeners are those of
   * each namespace that a client then asks for, and what it emits reaches all of them. Parents are asked in the order in which they were made
   * @param listener - added as a listener of `connection`
   * @throws what the constructor of the program's adapter throws
   */
  of(
    name: string | RegExp | ParentMatcher,
    listener?: (socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const namespace: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> =
      typeof name === "function" || name instanceof RegExp ? this._dynamic.parentOf(name) : this.named(String(name));
    if (listener !== undefined) namespace.on("connect", listener as Unchecked);
    return namespace;
  }

  /** Adds a middleware to the main namespace. */
  use(
    fn: (
      socket: Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
      next: (err?: ExtendedError) => void,
    ) => void,
  ): this {
    this.sockets.use(fn);
    return this;
  }

  /** Renews the credentials of sockets of the main namespace: see `Namespace.onRefresh`. */
  onRefresh(hook: RefreshHook<Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>): this {
    this.sockets.onRefresh(hook);
    return this;
  }

  /**
   * Receives every error that a handler, a middleware or an acknowledgement callback threw, or its promise was rejected with.
   * Without it they go to `console.error`, at most 10 in 10 seconds with a count of the rest.
   */
  onError(hook: ErrorHook): this {
    this._errors.hook = hook;
    return this;
  }

  /**
   * Disconnects everybody ("server shutting down") once what was sent has left, and closes the engines and the HTTP servers, however many were
   * attached. With `drain` the clients of vaivén come back spread over that time, see {@link CloseOptions}.
   *
   * @param callback - called, as the promise resolves, when the HTTP servers are closed; with an error where one was not open
   * @throws VaivenError `API_INVALID_OPTION`, as a rejection
   * @example
   * process.once("SIGTERM", () => io.close({ drain: 10_000 }));
   */
  async close(
    options?: CloseOptions | ((error?: Error) => void),
    callback: ((error?: Error) => void) | undefined = typeof options === "function" ? options : undefined,
  ): Promise<void> {
    const wanted = typeof options === "function" ? undefined : options?.drain;
    const drain = wanted === undefined ? undefined : count("drain", wanted, 0);
    if (drain !== undefined) tellReturnTimes(this._nsps.values(), drain);
    for (const namespace of [...this._nsps.values()]) {
      for (const socket of [...namespace.sockets.values()]) socket._onClose("server shutting down");
    }
    this._recovery?.deliveries.close();
    const adapters = Promise.allSettled([...this._nsps.values()].map(async ({ adapter }) => adapter.close()));
    const error = await this.engines.close(drain, this._clock);
    for (const closed of await adapters) {
      if (closed.status === "rejected") this._errors.handlerFailed(closed.reason, { event: "adapter" });
    }
    if (callback !== undefined) this._errors.guard(() => callback(error), { event: "close" });
  }

  /**
   * The path below which clients connect. Set it before the first client comes. Default: `/socket.io`.
   *
   * @throws VaivenError `API_UNAVAILABLE` once clients are connected, `API_INVALID_OPTION`
   */
  path(): string;
  path(path: string): this;
  path(path?: string): string | this {
    if (path === undefined) return (this.opts.path ?? "/socket.io").replace(/\/$/, "");
    this._reconfigure({ path });
    return this;
  }

  /**
   * Whether the client's files are served below the path. Set it before the first client comes. Default: true.
   *
   * @throws VaivenError `API_UNAVAILABLE` once clients are connected, `API_INVALID_OPTION`
   */
  serveClient(): boolean;
  serveClient(serve: boolean): this;
  serveClient(serve?: boolean): boolean | this {
    if (serve === undefined) return this.opts.serveClient !== false;
    this._reconfigure({ serveClient: serve });
    return this;
  }

  /**
   * Milliseconds after which a connection that joined no namespace is closed: those that are opened from now on. Default: 45000.
   *
   * @throws VaivenError `API_INVALID_OPTION`
   */
  connectTimeout(): number;
  connectTimeout(ms: number): this;
  connectTimeout(ms?: number): number | this {
    if (ms === undefined) return this._connectTimeout;
    this.takeOptions({ connectTimeout: ms });
    return this;
  }

  /**
   * The class of adapters. Setting it gives every namespace a new adapter, which knows nothing of sockets that are in already.
   *
   * @throws VaivenError `API_INVALID_OPTION`
   */
  adapter(): AdapterConstructor;
  adapter(adapter: AdapterConstructor): this;
  adapter(adapter?: AdapterConstructor): AdapterConstructor | this {
    if (adapter === undefined) return this.adapterClass;
    checkOption("adapter", adapter);
    this.adapterClass = adapter;
    for (const namespace of this._nsps.values()) namespace._renewAdapter();
    return this;
  }

  /**
   * @internal Options that are set after `attach`, as programs of 2012 do: engines, which have served nobody yet, are replaced.
   * @throws VaivenError `API_UNAVAILABLE` once clients are connected, or where the program listens to an engine already; `API_INVALID_OPTION`
   */
  _reconfigure(options: Partial<ServerOptions>): void {
    if (this.engines.areInUse) {
      throw new VaivenError(
        "API_UNAVAILABLE",
        `set ${Object.keys(options).join(", ")} before clients connect: give it to new Server(…)`,
      );
    }
    this.takeOptions(options);
    for (const httpServer of this.engines.detach()) this.startEngine(httpServer);
  }

  private takeOptions(options: Partial<ServerOptions>): void {
    const given = checkedOptions(options);
    Object.assign(this.opts, given);
    for (const remark of [...remarksOnUnknown(given), ...remarksOnLate(given)]) this.host.warn(remark);
    this.readOptions();
  }

  /** What may still change when the server is made. */
  private readOptions(): void {
    const { connectTimeout, maxHttpBufferSize, maxBufferedBytes } = this.opts;
    this._connectTimeout = connectTimeout ?? 45_000;
    this._maxPendingBytes = maxHttpBufferSize ?? ENGINE_DEFAULTS.maxHttpBufferSize;
    this._maxBufferedBytes = maxBufferedBytes ?? ENGINE_DEFAULTS.maxBufferedBytes;
  }

  private startEngine(httpServer: HttpServer): void {
    const engine = new Engine(this.host, this.opts);
    this.httpServer = httpServer;
    this.bind(engine);
    this.engines.attach(engine, httpServer);
  }

  /** @internal A socket of a foreign engine, or of ours, has come. */
  onconnection(socket: ForeignSocket): this {
    this.accept(foreignOrigin(socket));
    return this;
  }

  /** @internal */
  get broadcastTarget(): AnyNamespace {
    return this.sockets as AnyNamespace;
  }

  /** @internal */
  _nextId(): string {
    return this.host.randomId();
  }

  /** @internal An arrow function is called, anything else constructed. */
  _createAdapter(namespace: AnyNamespace): NamespaceAdapter {
    const { adapterClass } = this;
    if (adapterClass.prototype === undefined)
      return (adapterClass as (nsp: AnyNamespace) => NamespaceAdapter)(namespace);
    return new (adapterClass as new (nsp: AnyNamespace) => NamespaceAdapter)(namespace);
  }

  /** The program's parser may fail to make a decoder: then there is nobody to read what this client sends. */
  private accept(origin: ConnectionOrigin): void {
    try {
      new Client(this, origin);
    } catch (cause) {
      this._errors.handlerFailed(cause, { event: "parser" });
      origin.session.close(true);
    }
  }

  private named(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const full = name.startsWith("/") ? name : `/${name}`;
    const known = this._nsps.get(full) ?? this._dynamic.makeByPattern(full);
    if (known !== undefined) return known;
    const namespace = new Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this, full);
    this._nsps.set(full, namespace);
    if (full !== "/") this.sockets.emitReserved("new_namespace", namespace);
    return namespace;
  }
}

const EMITTER_METHODS = [
  "on",
  "once",
  "off",
  "addListener",
  "removeListener",
  "removeAllListeners",
  "prependListener",
  "prependOnceListener",
  "listeners",
  "rawListeners",
  "listenerCount",
  "eventNames",
  "setMaxListeners",
  "getMaxListeners",
] as const;

// The server has no listeners of its own: Node's emitter methods act on the main namespace.
for (const name of EMITTER_METHODS) {
  Object.defineProperty(Server.prototype, name, {
    configurable: true,
    writable: true,
    value: function (this: AnyServer, ...args: unknown[]): unknown {
      const result = Reflect.apply(EventEmitter.prototype[name], this.sockets, args);
      return result === this.sockets ? this : result;
    },
  });
}

function portOf(target: ServerTarget): number | undefined {
  if (typeof target === "number") return target;
  if (typeof target === "string" && String(Number(target)) === target) return Number(target);
  return undefined;
}

// server/ The names of 2012: what programs for Socket.IO 0.9 call, over today's options, data and rooms (docs/guide/from-socket.io.md, "Programs of 2012").
// Importing this file installs them. Nothing else in src/ may use them.
import type { Room } from "../adapter/contract.js";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import { BroadcastOperator } from "./broadcast-operator.js";
import { Namespace } from "./namespace.js";
import { type AnyServer, Server } from "./server.js";
import type { ServerOptions } from "./server-options.js";
import { type AnySocket, Socket } from "./socket.js";
import type { Handshake } from "./socket-types.js";

/** Decides about a handshake: `accept(error, authorized)`. */
export type Authorization = (
  handshake: Handshake,
  accept: (error: string | Error | null, authorized?: boolean) => void,
) => void;

declare module "./server.js" {
  interface Server<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  > {
    /** @deprecated Give options to `new Server`. */
    set(key: string, value: Unchecked): this;
    /** @deprecated Read the options that you gave to `new Server`. */
    get(key: string): Unchecked;
    /** @deprecated Give options to `new Server`. */
    enable(key: string): this;
    /** @deprecated Give options to `new Server`. */
    disable(key: string): this;
    /** @deprecated Look at `process.env.NODE_ENV`. */
    configure(environment: string | (() => void), fn?: () => void): this;
  }
}

declare module "./namespace.js" {
  interface Namespace<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  > {
    /** @deprecated Use `namespace.sockets`, a Map. */
    readonly connected: Record<string, Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>;
    /** @deprecated Everything is JSON: leave it out. */
    readonly json: this;
    /** @deprecated Use `namespace.in(room).fetchSockets()`. */
    clients(room?: Room): Socket<ListenEvents, EmitEvents, ServerSideEvents, SocketData>[];
    /** @deprecated Use `namespace.use`. */
    authorization(fn: Authorization): this;
  }
}

declare module "./socket.js" {
  interface Socket<
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = Unchecked,
  > {
    /** @deprecated Everything is JSON: leave it out. */
    readonly json: this;
    /** @deprecated Use `socket.data`. */
    set(key: string, value: Unchecked, callback?: (error: null) => void): this;
    /** @deprecated Use `socket.data`. */
    get(key: string, callback: (error: null, value: Unchecked) => void): this;
    /** @deprecated Use `socket.data`. */
    has(key: string, callback: (error: null, has: boolean) => void): this;
    /** @deprecated Use `socket.data`. */
    del(key: string, callback?: (error: null) => void): this;
  }
}

declare module "./broadcast-operator.js" {
  interface BroadcastOperator<EmitEvents extends EventsMap, SocketData> {
    /** @deprecated Everything is JSON: leave it out. */
    readonly json: this;
    /** @deprecated Use `emit("message", …)`. */
    send(...args: Unchecked[]): this;
  }
}

type Translation = (value: Unchecked) => Partial<ServerOptions>;

/** Of 2012's transports, those that are polling today. */
const POLLING_TRANSPORTS = ["xhr-polling", "jsonp-polling", "htmlfile", "polling"];

/** Settings of 2012 that have an option today. Times were in seconds. */
const TRANSLATIONS: ReadonlyMap<string, Translation> = new Map<string, Translation>([
  ["resource", (path) => ({ path })],
  ["heartbeat interval", (seconds) => ({ pingInterval: seconds * 1000 })],
  ["heartbeat timeout", (seconds) => ({ pingTimeout: seconds * 1000 })],
  ["close timeout", (seconds) => ({ connectTimeout: seconds * 1000 })],
  ["destroy buffer size", (bytes) => ({ maxHttpBufferSize: bytes })],
  ["destroy upgrade", (destroyUpgrade) => ({ destroyUpgrade })],
  ["browser client", (serveClient) => ({ serveClient })],
  ["browser client gzip", (httpCompression) => ({ httpCompression })],
  ["origins", (origins) => ({ cors: { origin: originOf(origins), credentials: true } })],
  ["transports", (names: string[]) => ({ transports: transportsOf(names) })],
]);

/** Settings of 2012 that have no effect because what they governed is gone. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  "log level",
  "log colors",
  "log",
  "logger",
  "store",
  "heartbeats",
  "polling duration",
  "match origin protocol",
  "flash policy server",
  "flash policy port",
  "browser client minification",
  "browser client etag",
  "browser client expires",
  "browser client cache",
  "static",
  "blacklist",
  "client store expiration",
  "transports.polling",
]);

const SETTINGS = new WeakMap<AnyServer, Map<string, unknown>>();
const WARNED = new Set<string>();

function settingsOf(server: AnyServer): Map<string, unknown> {
  let settings = SETTINGS.get(server);
  if (settings === undefined) {
    settings = new Map();
    SETTINGS.set(server, settings);
  }
  return settings;
}

function setOption(server: AnyServer, key: string, value: unknown): void {
  settingsOf(server).set(key, value);
  const translate = TRANSLATIONS.get(key);
  if (key === "authorization") server.sockets.authorization(value as Authorization);
  else if (translate !== undefined) server._reconfigure(translate(value));
  else if (!WITHOUT_EFFECT.has(key) && WARNED.size < 100 && !WARNED.has(key)) {
    WARNED.add(key);
    console.warn(`vaiven: io.set(${JSON.stringify(key)}, …) is no setting that is known, and has no effect`);
  }
}

/** `http://host:port`, or with stars for any host or port. */
function originOf(origins: string | string[]): string | RegExp | (string | RegExp)[] {
  const list = (Array.isArray(origins) ? origins : origins.split(/\s+/)).map((origin) => {
    const [host = "*", port = "*"] = origin.replace(/^https?:\/\//, "").split(":");
    if (host === "*" && port === "*") return "*";
    const hostPattern = host === "*" ? "[^/:]+" : host.replace(/[.\\+?^$()[\]{}|]/g, "\\$&").replace(/\*/g, "[^/:]*");
    return new RegExp(`^https?://${hostPattern}${port === "*" ? "(:\\d+)?" : port === "80" ? "(:80)?" : `:${port}`}$`);
  });
  return list.includes("*") ? "*" : list;
}

function transportsOf(names: string[]): ("polling" | "websocket")[] {
  const wanted: ("polling" | "websocket")[] = [];
  if (names.some((name) => POLLING_TRANSPORTS.includes(name))) wanted.push("polling");
  if (names.includes("websocket") || names.includes("flashsocket")) wanted.push("websocket");
  return wanted;
}

function method<T extends object>(
  type: { prototype: T },
  name: string,
  value: (this: T, ...args: Unchecked[]) => unknown,
): void {
  Object.defineProperty(type.prototype, name, { configurable: true, writable: true, value });
}

function getter<T extends object>(type: { prototype: T }, name: string, get: (this: T) => unknown): void {
  Object.defineProperty(type.prototype, name, { configurable: true, get });
}

method(Server as { prototype: AnyServer }, "set", function (key: string, value: unknown) {
  setOption(this, key, value);
  return this;
});
method(Server as { prototype: AnyServer }, "get", function (key: string) {
  return settingsOf(this).get(key);
});
method(Server as { prototype: AnyServer }, "enable", function (key: string) {
  return this.set(key, true);
});
method(Server as { prototype: AnyServer }, "disable", function (key: string) {
  return this.set(key, false);
});
method(Server as { prototype: AnyServer }, "configure", function (environment: string | (() => void), fn?: () => void) {
  if (typeof environment === "function") environment();
  else if (environment === (process.env.NODE_ENV ?? "development")) fn?.();
  return this;
});

type AnyNamespace = Namespace<Unchecked, Unchecked, Unchecked, Unchecked>;

getter(Namespace as { prototype: AnyNamespace }, "connected", function () {
  return Object.fromEntries(this.sockets);
});
getter(Namespace as { prototype: AnyNamespace }, "json", function () {
  return this;
});
method(Namespace as { prototype: AnyNamespace }, "clients", function (room?: Room) {
  const sockets = [...this.sockets.values()];
  return room === undefined ? sockets : sockets.filter((socket) => socket.rooms.has(room));
});
method(Namespace as { prototype: AnyNamespace }, "authorization", function (fn: Authorization) {
  return this.use((socket, next) => {
    fn(socket.handshake, (error, authorized) => {
      if (error === null && authorized === true) next();
      else next(error instanceof Error ? error : new Error(error ?? "unauthorized"));
    });
  });
});

getter(Socket as { prototype: AnySocket }, "json", function () {
  return this;
});
method(
  Socket as { prototype: AnySocket },
  "set",
  function (key: string, value: unknown, callback?: (error: null) => void) {
    this.data[key] = value;
    callback?.(null);
    return this;
  },
);
method(
  Socket as { prototype: AnySocket },
  "get",
  function (key: string, callback: (error: null, value: unknown) => void) {
    callback(null, Object.hasOwn(this.data, key) ? this.data[key] : null);
    return this;
  },
);
method(
  Socket as { prototype: AnySocket },
  "has",
  function (key: string, callback: (error: null, has: boolean) => void) {
    callback(null, Object.hasOwn(this.data, key));
    return this;
  },
);
method(Socket as { prototype: AnySocket }, "del", function (key: string, callback?: (error: null) => void) {
  delete this.data[key];
  callback?.(null);
  return this;
});

/** `join` and `leave` with the callback that they took. Its signatures stand with the class: a method cannot be added to from elsewhere. */
function withCallback(name: "join" | "leave"): void {
  const today: (room: Unchecked) => Promise<void> | void = Socket.prototype[name];
  method(Socket as { prototype: AnySocket }, name, function (room: Room, callback?: (error: null) => void) {
    const result = Reflect.apply(today, this, [room]);
    if (callback === undefined) return result;
    if (result instanceof Promise) return result.then(() => callback(null));
    callback(null);
    return undefined;
  });
}
withCallback("join");
withCallback("leave");

type AnyOperator = BroadcastOperator<Unchecked, Unchecked>;

getter(BroadcastOperator as { prototype: AnyOperator }, "json", function () {
  return this;
});
method(BroadcastOperator as { prototype: AnyOperator }, "send", function (...args: unknown[]) {
  this.emit("message", ...args);
  return this;
});

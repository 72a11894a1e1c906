// server/ What each option of a server may be, and what to say of one that is not, or that is no option at all (Socket.IO documentation, "Server options").
import { VaivenError } from "../errors.js";
import { LONGEST_DELAY_MS } from "../session/platform.js";
import { meantBy } from "./option-forms.js";
import type { ServerOptions } from "./server-options.js";

/** What is expected of an option, in words and as a test. */
interface Expectation {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isNumberFrom = (value: unknown, least: number): value is number => typeof value === "number" && value >= least;
const isFunction = (value: unknown): boolean => typeof value === "function";
const TRANSPORTS: readonly unknown[] = ["polling", "websocket", "webtransport"];

const flag: Expectation = { expected: "true or false", holds: (value) => typeof value === "boolean" };
const text: Expectation = { expected: "a string", holds: (value) => typeof value === "string" };
const count: Expectation = { expected: "a number from 0 up", holds: (value) => isNumberFrom(value, 0) };
const countFromOne: Expectation = { expected: "a number from 1 up", holds: (value) => isNumberFrom(value, 1) };
const bytes: Expectation = { expected: "a number of bytes", holds: (value) => isNumberFrom(value, 0) && value > 0 };
const milliseconds: Expectation = {
  expected: `a number of milliseconds from 0 to ${LONGEST_DELAY_MS}`,
  holds: (value) => isNumberFrom(value, 0) && value <= LONGEST_DELAY_MS,
};
const adapterClass: Expectation = {
  expected:
    "a class of adapters, or an arrow function that makes one: createAdapter(…) of an adapter's package gives it",
  holds: isFunction,
};

const EXPECTATIONS: { readonly [Name in keyof Required<ServerOptions>]: Expectation } = {
  path: text,
  addTrailingSlash: flag,
  serveClient: flag,
  pingInterval: milliseconds,
  pingTimeout: milliseconds,
  upgradeTimeout: milliseconds,
  connectTimeout: milliseconds,
  destroyUpgrade: flag,
  destroyUpgradeTimeout: milliseconds,
  maxHttpBufferSize: bytes,
  maxBufferedBytes: bytes,
  maxFragments: countFromOne,
  maxTinyFragments: countFromOne,
  maxHeaders: countFromOne,
  maxConnections: countFromOne,
  maxPollingConnections: countFromOne,
  maxConnectionsPerAddress: countFromOne,
  maxMessagesPerSecond: countFromOne,
  maxBytesPerSecond: countFromOne,
  rateBurst: countFromOne,
  maxEmptyNamespaces: count,
  maxNamespacesPerConnection: count,
  maxAttachments: count,
  maxAttachmentBytes: count,
  allowRequest: { expected: "a function (req, callback)", holds: isFunction },
  transports: {
    expected: 'a list of "polling", "websocket" and "webtransport", at least one',
    holds: (value) => Array.isArray(value) && value.length > 0 && value.every((name) => TRANSPORTS.includes(name)),
  },
  allowUpgrades: flag,
  allowEIO3: flag,
  jsonp: flag,
  perMessageDeflate: {
    expected: "true, false or options such as { threshold: 1024 }",
    holds: (value) => typeof value === "boolean" || isObject(value),
  },
  httpCompression: {
    expected: "true, false or { threshold: bytes }",
    holds: (value) =>
      typeof value === "boolean" ||
      (isObject(value) &&
        (!("threshold" in value) || value.threshold === undefined || isNumberFrom(value.threshold, 0))),
  },
  initialPacket: {
    expected: "a string or bytes",
    holds: (value) => typeof value === "string" || value instanceof Uint8Array,
  },
  cookie: {
    expected: 'true, false or options such as { name: "io", httpOnly: true }',
    holds: (value) => typeof value === "boolean" || isObject(value),
  },
  cors: {
    // For what looks like a list of origins and is none, npm's `cors` would allow every origin.
    expected: 'options of the cors package, such as cors: { origin: "https://example.com" }',
    holds: (value) =>
      isFunction(value) || (isObject(value) && !Array.isArray(value) && !("origins" in value) && isOrigin(value)),
  },
  trustProxy: {
    expected: "true, false or the number of proxies in front",
    holds: (value) => typeof value === "boolean" || (isNumberFrom(value, 0) && Number.isInteger(value)),
  },
  wsEngine: { expected: "a class with the API of ws.WebSocketServer", holds: isFunction },
  adapter: adapterClass,
  parser: {
    expected: "{ Encoder, Decoder }, as socket.io-msgpack-parser has them",
    holds: (value) =>
      (isObject(value) || isFunction(value)) &&
      isFunction((value as { Encoder?: unknown }).Encoder) &&
      isFunction((value as { Decoder?: unknown }).Decoder),
  },
  connectionStateRecovery: {
    expected: "an object such as { maxDisconnectionDuration: 120000 }",
    holds: (value) => typeof value === "boolean" || isObject(value),
  },
  cleanupEmptyChildNamespaces: flag,
  rethrowHandlerErrors: flag,
};

function isOrigin(cors: object): boolean {
  const origin = "origin" in cors ? cors.origin : undefined;
  if (origin === undefined || origin === null) return true;
  return ["boolean", "string", "function"].includes(typeof origin) || origin instanceof RegExp || Array.isArray(origin);
}

/**
 * The options that are given, in their usual form, those that are null or undefined left out.
 *
 * @throws VaivenError `API_INVALID_OPTION` for the first value that an option cannot have
 */
export function checkedOptions<Options extends object>(options: Options): Options {
  const given: Record<string, unknown> = {};
  for (const [name, written] of Object.entries(options)) {
    const value = meantBy(name, written);
    if (value === undefined || value === null) continue;
    if (Object.hasOwn(EXPECTATIONS, name)) checkOption(name as keyof ServerOptions, value);
    given[name] = value;
  }
  return given as Options;
}

/** @throws VaivenError `API_INVALID_OPTION` */
export function checkOption(name: keyof ServerOptions, value: unknown): void {
  const { expected, holds } = EXPECTATIONS[name];
  if (!holds(value)) throw invalidOption(name, expected, value);
}

/** The error of an option that is not what is expected. */
export function invalidOption(name: string, expected: string, got: unknown): VaivenError {
  return new VaivenError("API_INVALID_OPTION", `option ${name}: expected ${expected}, got ${shown(got)}`, {
    detail: { name, expected },
  });
}

/** Remarks for whoever runs the server, about options that do not exist. */
export function remarksOnUnknown(options: object): string[] {
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(EXPECTATIONS, name));
  return unknown.map((name) => {
    const meant = nearest(name, Object.keys(EXPECTATIONS));
    const hint = name === "origins" ? "cors: { origin: … }" : meant;
    return `there is no option ${JSON.stringify(name)}: it has no effect.${hint === undefined ? "" : ` Did you mean ${hint}?`}`;
  });
}

/** Options that take effect when the server is made, and cannot change later. */
const ONLY_WHEN_MADE: readonly (keyof ServerOptions)[] = [
  "adapter",
  "parser",
  "connectionStateRecovery",
  "cleanupEmptyChildNamespaces",
  "maxEmptyNamespaces",
  "maxNamespacesPerConnection",
  "maxAttachments",
  "maxAttachmentBytes",
  "rethrowHandlerErrors",
];

/** Remarks for whoever runs the server, about options that come too late. */
export function remarksOnLate(options: object): string[] {
  return ONLY_WHEN_MADE.filter((name) => Object.hasOwn(options, name)).map(
    (name) => `the option ${name} has no effect any more: give it to new Server(…).`,
  );
}

/** The nearest of `names`, if no more than a third of its letters differ. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least && distance * 3 <= candidate.length) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Letters to add, take out or replace to make `b` of `a`. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** A value as an error's message shows it: short, and without the secrets that it may hold. */
function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 50));
  if (Array.isArray(value)) return `[${value.slice(0, 5).map(shown).join(", ")}]`;
  if (isObject(value)) return `an object with ${Object.keys(value).slice(0, 5).join(", ") || "nothing in it"}`;
  return isFunction(value) ? "a function" : String(value);
}

// server/ Limits of requests and connections. The class counts how many connections there are, in all, over polling and from one address: made only
// where one of the three is set.
import type { IncomingMessage } from "node:http";
import { type ErrorCode, VaivenError } from "../errors.js";
import type { EngineConnection } from "./engine-connection.js";
import type { EngineSocket } from "./engine-socket.js";

/** A limit that was reached: the argument of `limit` listeners of `io.engine`. */
export interface LimitReport {
  /** The option. */
  readonly name: string;
  readonly limit: number;
  readonly error: VaivenError;
  /** The request that was refused. */
  readonly req?: IncomingMessage;
  /** The connection that is being closed. */
  readonly connection?: EngineSocket;
}

/** Takes the limit from the error's `detail`, and the name of its option from there too, or else from the error's code. */
export function limitReport(error: VaivenError, where: Pick<LimitReport, "req" | "connection">): LimitReport {
  const { limit, name = OPTIONS[error.code] } = error.detail as { name?: string; limit: number };
  return { name: name as string, limit, error, ...where };
}

/** The options behind the errors that close a session because of what its client has sent, or has not taken. */
const OPTIONS: Partial<Record<ErrorCode, string>> = {
  FRAME_MESSAGE_TOO_BIG: "maxHttpBufferSize",
  HTTP_BODY_TOO_BIG: "maxHttpBufferSize",
  FRAME_TOO_MANY_FRAGMENTS: "maxFragments",
  FRAME_INFLATE_RATIO: "maxInflateRatio",
  PACKET_TOO_MANY_ATTACHMENTS: "maxAttachments",
  PACKET_ATTACHMENTS_TOO_BIG: "maxAttachmentBytes",
  SESSION_BUFFER_FULL: "maxBufferedBytes",
  SESSION_NEVER_JOINED: "connectTimeout",
};

/** Whether a session ended with `description` because of one of those limits. */
export function isLimitError(description: unknown): description is VaivenError {
  return description instanceof VaivenError && description.code in OPTIONS;
}

/** The error of a request with more headers than `maxHeaders`. */
export function tooManyHeaders(limit: number): VaivenError {
  return new VaivenError("HTTP_TOO_MANY_HEADERS", `expected at most ${limit} headers (maxHeaders), got more`, {
    httpStatus: 431,
    detail: { name: "maxHeaders", limit },
  });
}

/** Infinity for no limit. */
export interface ConnectionLimitSettings {
  readonly maxConnections: number;
  readonly maxPollingConnections: number;
  readonly maxConnectionsPerAddress: number;
}

/** What is counted of one connection. Kept here: once a socket is closed, nobody can say its address. */
interface Counted {
  readonly address: string;
  polls: boolean;
}

/** The connections of one engine, counted. */
export class ConnectionLimits {
  private readonly settings: ConnectionLimitSettings;
  private readonly counted = new Map<EngineConnection, Counted>();
  private readonly byAddress = new Map<string, number>();
  private polling = 0;

  constructor(settings: ConnectionLimitSettings) {
    this.settings = settings;
  }

  /** Connections that poll now. */
  get pollingCount(): number {
    return this.polling;
  }

  /** Connections from `address`, or from the network that it counts for. */
  countOf(address: string): number {
    return this.byAddress.get(countedAddress(address)) ?? 0;
  }

  /** Why one more connection is too many; undefined if it is not. */
  refuse(address: string | undefined, polls: boolean): VaivenError | undefined {
    const { maxConnections, maxPollingConnections, maxConnectionsPerAddress } = this.settings;
    const key = countedAddress(address);
    if ((this.byAddress.get(key) ?? 0) >= maxConnectionsPerAddress) {
      return tooMany("maxConnectionsPerAddress", maxConnectionsPerAddress, 429, { address: key });
    }
    if (this.counted.size >= maxConnections) return tooMany("maxConnections", maxConnections, 503);
    if (polls && this.polling >= maxPollingConnections) {
      return tooMany("maxPollingConnections", maxPollingConnections, 503);
    }
    return undefined;
  }

  opened(connection: EngineConnection): void {
    const address = countedAddress(connection.remoteAddress);
    const polls = connection.session.transport.name === "polling";
    this.counted.set(connection, { address, polls });
    this.byAddress.set(address, (this.byAddress.get(address) ?? 0) + 1);
    if (polls) this.polling++;
  }

  upgraded(connection: EngineConnection): void {
    const counted = this.counted.get(connection);
    if (counted?.polls !== true) return;
    counted.polls = false;
    this.polling--;
  }

  closed(connection: EngineConnection): void {
    const counted = this.counted.get(connection);
    if (counted === undefined) return;
    this.upgraded(connection);
    this.counted.delete(connection);
    const left = (this.byAddress.get(counted.address) ?? 1) - 1;
    if (left === 0) this.byAddress.delete(counted.address);
    else this.byAddress.set(counted.address, left);
  }
}

function tooMany(name: string, limit: number, httpStatus: number, more?: { address: string }): VaivenError {
  const where = more === undefined ? "" : ` from ${more.address}`;
  return new VaivenError("HTTP_TOO_MANY_CONNECTIONS", `expected at most ${limit} connections${where} (${name})`, {
    httpStatus,
    detail: { name, limit, ...more },
  });
}

/**
 * What an address counts as: itself, and for IPv6 its /64 network, because whoever has one address has the whole of it.
 * An IPv4 address in IPv6 form is the same as without.
 */
export function countedAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  const plain = address.toLowerCase().split("%", 1)[0]!;
  if (!plain.includes(":")) return plain;
  const dotted = /^(?:0*:)*:?(?:0*:)?ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  if (dotted !== undefined) return dotted;
  const [left = "", right] = plain.split("::", 2);
  const groups = left === "" ? [] : left.split(":");
  if (right !== undefined) {
    const tail = right === "" ? [] : right.split(":");
    while (groups.length + tail.length < 8) groups.push("0");
    groups.push(...tail);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}

// Test support: a TCP proxy on loopback that treats what it carries as bad networks do. Everything random comes from a seed.
//
//   client ── Connection ── server
//              │ one Lane a direction: reads, holds back, splits or joins, writes
//              └ one fate: how many bytes live before the cut
import { STATUS_CODES } from "node:http";
import { createServer, type Server, Socket } from "node:net";
import { type Random, seeded } from "./random.js";

/** What the proxy does. Each is off unless given; all may be combined. */
export interface Hostility {
  /** Milliseconds that bytes are held back, drawn anew for each write. Order is kept. */
  readonly delay?: readonly [low: number, high: number];
  /** Bytes a write carries: what comes is cut into pieces of this size, drawn anew for each. */
  readonly split?: readonly [low: number, high: number];
  /** Gathers what comes within this many milliseconds into one write. */
  readonly join?: number;
  /** Bytes (both directions together) after which a connection is cut, drawn anew for each connection. */
  readonly cutAfter?: readonly [low: number, high: number];
  /** How it is cut. Default `"rst"`. */
  readonly cutBy?: "rst" | "fin";
  /** Milliseconds without a byte after which a connection is cut. */
  readonly idleCut?: number;
  /** Requests that ask for an upgrade: answered with a page of this status, or passed on without their Upgrade header. */
  readonly refuseUpgrades?: 400 | 502 | "strip";
  /** The next requests of all connections are answered with HTML pages of these statuses, one each, and do not reach the server. 200: a captive portal's. */
  readonly pages?: readonly number[];
  /** The pages have a length that they do not keep to: the connection ends in the middle. */
  readonly truncated?: boolean;
  /** Methods whose requests reach the server twice, each on a connection of its own; the client gets the first answer. */
  readonly repeat?: readonly ("GET" | "POST")[];
}

const PAGE = "<!DOCTYPE html><title>Bad Gateway</title><h1>The proxy could not connect</h1>";

export interface ProxyCounts {
  /** Connections taken. */
  taken: number;
  /** Connections cut by the proxy. */
  cut: number;
  /** Upgrades answered or stripped by the proxy. */
  upgradesRefused: number;
  /** Requests sent a second time. */
  repeated: number;
  /** Requests answered with a page. */
  pages: number;
}

export class HostileProxy {
  readonly counts: ProxyCounts = { taken: 0, cut: 0, upgradesRefused: 0, repeated: 0, pages: 0 };
  readonly random: Random;
  private readonly server: Server;
  private readonly target: { host: string; port: number };
  private readonly connections: Set<Connection> = new Set();
  private hostility: Hostility;
  private mute: boolean = false;
  /** The statuses that are still to be answered with. */
  private pages: number[];

  constructor(targetPort: number, hostility: Hostility = {}, seed: number = 1, targetHost: string = "127.0.0.1") {
    this.target = { host: targetHost, port: targetPort };
    this.hostility = hostility;
    this.pages = [...(hostility.pages ?? [])];
    this.random = seeded(seed);
    this.server = createServer((socket) => this.take(socket));
  }

  /** Listens and returns the port. */
  listen(port: number = 0, host: string = "127.0.0.1"): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once("error", reject);
      this.server.listen(port, host, () => {
        const address = this.server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  }

  /** Changes what happens to connections that are taken from now on. */
  become(hostility: Hostility): void {
    this.hostility = hostility;
    this.pages = [...(hostility.pages ?? [])];
  }

  /** Cuts every connection now. */
  cutAll(by: "rst" | "fin" = "rst"): void {
    for (const connection of [...this.connections]) connection.cut(by);
  }

  /** From now on every byte disappears and nothing is closed: a half-open connection on both sides. */
  fallSilent(): void {
    this.mute = true;
  }

  /** Ends the silence for new connections; those that met it stay silent. */
  speakAgain(): void {
    for (const connection of this.connections) connection.silent = true;
    this.mute = false;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.cutAll("rst");
    });
  }

  private take(client: Socket): void {
    this.counts.taken++;
    const { target, hostility, random, counts } = this;
    const connection = new Connection(client, target, hostility, random, counts, {
      isMute: () => this.mute,
      nextPage: () => this.pages.shift(),
    });
    this.connections.add(connection);
    connection.whenGone = () => this.connections.delete(connection);
  }
}

/** One client's connection and its twin to the server. */
class Connection {
  silent: boolean = false;
  whenGone: () => void = () => {};
  private readonly client: Socket;
  private readonly server: Socket;
  private readonly target: { host: string; port: number };
  private readonly hostility: Hostility;
  private readonly counts: ProxyCounts;
  private readonly isMute: () => boolean;
  private readonly nextPage: () => number | undefined;
  private bytesToLive: number;
  private idleTimer: NodeJS.Timeout | undefined;
  /** Counts the chunks, so that a cut that is due can tell whether one has come. */
  private carried: number = 0;
  private isGone: boolean = false;
  private head: RequestHeads | undefined;

  constructor(
    client: Socket,
    target: { host: string; port: number },
    hostility: Hostility,
    random: Random,
    counts: ProxyCounts,
    { isMute, nextPage }: { isMute: () => boolean; nextPage: () => number | undefined },
  ) {
    this.client = client;
    this.target = target;
    this.hostility = hostility;
    this.counts = counts;
    this.isMute = isMute;
    this.nextPage = nextPage;
    this.bytesToLive =
      hostility.cutAfter === undefined ? Number.POSITIVE_INFINITY : random.between(...hostility.cutAfter);
    this.server = new Socket();
    this.server.connect(target.port, target.host);
    client.setNoDelay(true);
    this.server.setNoDelay(true);
    if (hostility.refuseUpgrades ?? hostility.repeat ?? hostility.pages) this.head = new RequestHeads();

    const upward = new Lane(this.server, hostility, random);
    const downward = new Lane(client, hostility, random);
    client.on("data", (chunk) => this.carry(upward, this.readRequests(chunk)));
    this.server.on("data", (chunk) => this.carry(downward, chunk));
    for (const [from, lane] of [
      [client, upward],
      [this.server, downward],
    ] as const) {
      from.on("end", () => {
        if (!this.silent && !this.isMute()) lane.end();
      });
      from.on("error", () => this.cut("rst", false));
      from.on("close", () => {
        if (!this.silent && !this.isMute()) this.finish();
      });
    }
    this.rest();
  }

  /** Cuts both sides. */
  cut(by: "rst" | "fin", isCounted: boolean = true): void {
    if (this.isGone) return;
    this.isGone = true;
    clearTimeout(this.idleTimer);
    if (isCounted) this.counts.cut++;
    for (const socket of [this.client, this.server]) {
      if (by === "rst" && socket.readyState !== "opening") socket.resetAndDestroy();
      else if (by === "rst") socket.destroy();
      else socket.destroySoon();
    }
    this.whenGone();
  }

  private finish(): void {
    if (this.isGone || !this.client.closed || !this.server.closed) return;
    this.isGone = true;
    clearTimeout(this.idleTimer);
    this.whenGone();
  }

  private carry(lane: Lane, chunk: Buffer): void {
    if (this.isGone || this.silent || this.isMute() || chunk.length === 0) return;
    this.rest();
    if (chunk.length < this.bytesToLive) {
      this.bytesToLive -= chunk.length;
      lane.carry(chunk);
      return;
    }
    lane.carry(chunk.subarray(0, this.bytesToLive));
    this.bytesToLive = 0;
    lane.afterwards(() => this.cut(this.hostility.cutBy ?? "rst"));
  }

  private rest(): void {
    if (this.hostility.idleCut === undefined) return;
    clearTimeout(this.idleTimer);
    const rested = ++this.carried;
    // A process that was not let run has not been idle: what it could not read meanwhile is read before the cut is made.
    const cut = (): void => {
      if (this.carried === rested) this.cut(this.hostility.cutBy ?? "fin");
    };
    this.idleTimer = setTimeout(() => setImmediate(() => setImmediate(cut)), this.hostility.idleCut);
  }

  /** Looks at the heads of the client's requests, where the hostility asks for it. */
  private readRequests(chunk: Buffer): Buffer {
    if (this.head === undefined) return chunk;
    const passed: Buffer[] = [];
    for (const part of this.head.read(chunk)) {
      const status = part.isHead ? this.nextPage() : undefined;
      if (status !== undefined) {
        this.counts.pages++;
        this.answerWithPage(status);
        return Buffer.alloc(0);
      }
      if (
        part.isHead &&
        /^upgrade:/im.test(part.bytes.toString("latin1")) &&
        this.hostility.refuseUpgrades !== undefined
      ) {
        this.counts.upgradesRefused++;
        if (this.hostility.refuseUpgrades !== "strip") {
          this.answerWithPage(this.hostility.refuseUpgrades);
          return Buffer.alloc(0);
        }
        passed.push(withoutUpgrade(part.bytes));
        continue;
      }
      if (
        part.whole !== undefined &&
        this.hostility.repeat?.some((method) => part.whole?.indexOf(`${method} `) === 0)
      ) {
        this.repeat(part.whole);
      }
      passed.push(part.bytes);
    }
    return Buffer.concat(passed);
  }

  private answerWithPage(status: number): void {
    const length = this.hostility.truncated === true ? PAGE.length * 2 : PAGE.length;
    this.client.end(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/html\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${PAGE}`,
    );
    this.server.destroy();
  }

  /** Sends a request again on a connection of its own, a moment after the first, and drops the answer. */
  private repeat(request: Buffer): void {
    this.counts.repeated++;
    const again = new Socket();
    again.on("error", () => {});
    again.on("data", () => again.destroy());
    setTimeout(() => {
      again.connect(this.target.port, this.target.host, () => again.write(request));
    }, 5);
  }
}

/** One direction: writes in order, in pieces and after delays. */
class Lane {
  private readonly to: Socket;
  private readonly hostility: Hostility;
  private readonly random: Random;
  private waiting: Buffer[] = [];
  private tasks: (() => void | Promise<void>)[] = [];
  private isBusy: boolean = false;

  constructor(to: Socket, hostility: Hostility, random: Random) {
    this.to = to;
    this.hostility = hostility;
    this.random = random;
  }

  carry(chunk: Buffer): void {
    const { delay, split, join } = this.hostility;
    if (delay === undefined && split === undefined && join === undefined && !this.isBusy) {
      this.to.write(chunk);
      return;
    }
    this.waiting.push(chunk);
    if (this.waiting.length > 1) return;
    this.enqueue(async () => {
      if (join !== undefined) await pause(join);
      if (delay !== undefined) await pause(this.random.between(...delay));
      const bytes = Buffer.concat(this.waiting);
      this.waiting = [];
      await this.write(bytes);
    });
  }

  end(): void {
    this.afterwards(() => void this.to.end());
  }

  /** Runs when everything before it is written. */
  afterwards(task: () => void): void {
    this.enqueue(task);
  }

  /** Each piece is a write of its own turn: TCP_NODELAY makes it a segment, and the reader a chunk. */
  private async write(bytes: Buffer): Promise<void> {
    const { split } = this.hostility;
    if (split === undefined) {
      this.to.write(bytes);
      return;
    }
    let at = 0;
    let pieces = 0;
    while (at < bytes.length) {
      const size = this.random.between(...split);
      this.to.write(bytes.subarray(at, at + size));
      at += size;
      if (++pieces % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private enqueue(task: () => void | Promise<void>): void {
    this.tasks.push(task);
    if (!this.isBusy) void this.work();
  }

  private async work(): Promise<void> {
    this.isBusy = true;
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) await task();
    this.isBusy = false;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function withoutUpgrade(head: Buffer): Buffer {
  const lines = head.toString("latin1").split("\r\n");
  const kept = lines.filter((line) => !/^(upgrade|connection):/i.test(line));
  kept.splice(1, 0, "Connection: keep-alive");
  return Buffer.from(kept.join("\r\n"), "latin1");
}

interface RequestPart {
  readonly bytes: Buffer;
  readonly isHead: boolean;
  /** The request from its first byte to its last, with the part that ends it. */
  readonly whole?: Buffer;
}

/** Cuts the client's bytes into heads and bodies. Bodies are measured by Content-Length or by chunks; after an upgrade all is body. */
class RequestHeads {
  private held: Buffer = Buffer.alloc(0);
  private request: Buffer[] = [];
  private bodyLeft: number = 0;
  private isRaw: boolean = false;

  read(chunk: Buffer): RequestPart[] {
    if (this.isRaw) return [{ bytes: chunk, isHead: false }];
    this.held = Buffer.concat([this.held, chunk]);
    const parts: RequestPart[] = [];
    while (this.held.length > 0) {
      if (this.bodyLeft > 0) {
        const body = this.held.subarray(0, this.bodyLeft);
        this.held = this.held.subarray(body.length);
        this.bodyLeft -= body.length;
        this.request.push(body);
        parts.push(
          this.bodyLeft > 0
            ? { bytes: body, isHead: false }
            : { bytes: body, isHead: false, whole: Buffer.concat(this.request) },
        );
        continue;
      }
      const end = this.held.indexOf("\r\n\r\n");
      if (end < 0) break;
      const head = this.held.subarray(0, end + 4);
      this.held = this.held.subarray(end + 4);
      const text = head.toString("latin1");
      this.bodyLeft = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0);
      this.request = [head];
      parts.push(this.bodyLeft > 0 ? { bytes: head, isHead: true } : { bytes: head, isHead: true, whole: head });
      if (/^upgrade:/im.test(text) || /^transfer-encoding:/im.test(text)) {
        this.isRaw = true;
        if (this.held.length > 0) parts.push({ bytes: this.held, isHead: false });
        this.held = Buffer.alloc(0);
      }
    }
    return parts;
  }
}

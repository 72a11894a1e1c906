// Our frame stage against npm's `ws`, over real sockets: a WebSocket server and a client of a few lines each, as any host would write them.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from "ws";
import type { VaivenError } from "../../src/errors.js";
import { WebSocketConnection } from "../../src/frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../../src/frame/contract.js";
import type { DeflateAgreement, DeflateOptions } from "../../src/frame/deflate.js";
import { offerHandshake, verifyHandshake } from "../../src/frame/handshake-client.js";
import { answerHandshake, formatAnswer } from "../../src/frame/handshake-server.js";
import { type ConnectionProfile, connectionProfile } from "../../src/frame/profile.js";
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";
import { nodeCompression } from "../../src/node/zlib.js";

const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function profileFor(role: "server" | "client", deflate: DeflateOptions | false): ConnectionProfile {
  return connectionProfile({
    role,
    primitives: nodeBytePrimitives,
    compression: nodeCompression,
    deflate,
    limits: { maxMessageBytes: MAX_MESSAGE_BYTES },
  });
}

const headerOf =
  (message: IncomingMessage) =>
  (name: string): string | undefined => {
    const value = message.headers[name];
    return Array.isArray(value) ? value.join(", ") : value;
  };

/** A connection on a socket. Echoes if it is told to, and otherwise keeps what it gets. */
class Peer implements ConnectionSink, ConnectionOutput {
  readonly received: (string | Uint8Array)[] = [];
  readonly errors: VaivenError[] = [];
  readonly pongs: Uint8Array[] = [];
  readonly connection: WebSocketConnection;
  readonly closed: Promise<{ code: number; reason: string; wasClean: boolean }>;
  private settle: (close: { code: number; reason: string; wasClean: boolean }) => void = () => {};
  private waiter: (() => void) | undefined;
  private readonly socket: Duplex;
  private readonly echoes: boolean;
  private readonly isServer: boolean;

  constructor(socket: Duplex, profile: ConnectionProfile, agreement: DeflateAgreement | undefined, echoes: boolean) {
    this.socket = socket;
    this.echoes = echoes;
    this.isServer = profile.role === "server";
    this.closed = new Promise((resolve) => {
      this.settle = resolve;
    });
    this.connection = new WebSocketConnection(profile, this, this, agreement);
    socket.on("data", (chunk: Buffer) => {
      this.connection.receive(chunk);
      if (this.connection.isPaused) socket.pause();
    });
    socket.on("end", () => socket.end());
    socket.on("close", () => this.connection.transportClosed());
    socket.on("error", () => {});
    socket.on("drain", () => this.connection.drained());
  }

  get isCongested(): boolean {
    return this.socket.writableNeedDrain;
  }

  write(frame: Uint8Array): void {
    this.socket.write(frame);
  }

  end(): void {
    if (this.isServer) this.socket.end();
  }

  resumed(): void {
    this.socket.resume();
  }

  onText(text: string): void {
    this.take(text);
  }

  onBinary(bytes: Uint8Array): void {
    this.take(bytes);
  }

  onPong(payload: Uint8Array): void {
    this.pongs.push(payload);
    this.waiter?.();
  }

  onError(error: VaivenError): void {
    this.errors.push(error);
  }

  onClose(code: number, reason: string, wasClean: boolean): void {
    this.settle({ code, reason, wasClean });
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.waiter = resolve;
      });
    }
  }

  private take(message: string | Uint8Array): void {
    this.received.push(message);
    if (this.echoes && typeof message === "string") this.connection.sendText(message);
    else if (this.echoes) this.connection.sendBinary(message as Uint8Array);
    this.waiter?.();
  }
}

interface OurServer {
  readonly url: string;
  readonly peers: Peer[];
}

async function ourServer(deflate: DeflateOptions | false, protocol?: string): Promise<OurServer> {
  const profile = profileFor("server", deflate);
  const peers: Peer[] = [];
  const server = createServer();
  server.on("upgrade", (req: IncomingMessage, socket: Socket, head: Buffer) => {
    const answer = answerHandshake(
      { method: req.method ?? "", httpVersion: req.httpVersion, header: headerOf(req) },
      nodeBytePrimitives,
      { deflate: profile.deflate, selectProtocol: (offered) => offered.find((each) => each === protocol) },
    );
    socket.write(formatAnswer(answer));
    if (!answer.accepted) {
      socket.end();
      return;
    }
    const peer = new Peer(socket, profile, answer.deflate, true);
    peers.push(peer);
    if (head.length > 0) peer.connection.receive(head);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close());
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, peers };
}

async function wsClient(
  url: string,
  options: { perMessageDeflate: PerMessageDeflateOptions | boolean; protocols?: string[] },
): Promise<WebSocket> {
  const socket = new WebSocket(url, options.protocols ?? [], {
    perMessageDeflate: options.perMessageDeflate,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  cleanups.push(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

async function wsServer(perMessageDeflate: PerMessageDeflateOptions | boolean): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate, maxPayload: MAX_MESSAGE_BYTES });
  server.on("connection", (socket) =>
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
  );
  cleanups.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function ourClient(
  url: string,
  deflate: DeflateOptions | false,
): Promise<{ peer: Peer; agreement: DeflateAgreement | undefined }> {
  const profile = profileFor("client", deflate);
  const offer = offerHandshake(nodeBytePrimitives, { deflate: profile.deflate });
  const outgoing = request(url, { headers: Object.fromEntries(offer.headers) });
  outgoing.end();
  const [res, socket, head] = (await once(outgoing, "upgrade")) as [IncomingMessage, Socket, Buffer];
  const agreed = verifyHandshake(offer, { status: res.statusCode ?? 0, header: headerOf(res) });
  const peer = new Peer(socket, profile, agreed.deflate, false);
  if (head.length > 0) peer.connection.receive(head);
  cleanups.push(() => socket.destroy());
  return { peer, agreement: agreed.deflate };
}

/** Messages that make one window differ from another: they repeat at many distances, below and above every threshold. */
function messages(): (string | Buffer)[] {
  const line = (index: number): string => `{"índice":${index},"text":"${"abcdefghij".repeat(index % 30)}"}`;
  const list: (string | Buffer)[] = ["", Buffer.alloc(0), "ñandú €😀", randomBytes(300)];
  for (let index = 0; index < 60; index++) list.push(line(index), Buffer.from(line(index * 7)));
  list.push(Array.from({ length: 3000 }, (_, index) => line(index)).join(""), randomBytes(200_000));
  list.push(line(29), line(29), Buffer.concat([randomBytes(5000), Buffer.alloc(40_000, 1)]));
  return list;
}

const same = (one: string | Uint8Array | undefined, other: string | Uint8Array): boolean =>
  typeof one === "string" || typeof other === "string" || one === undefined
    ? one === other
    : Buffer.compare(one, other) === 0;

async function echoThroughWsClient(socket: WebSocket, sent: readonly (string | Buffer)[]): Promise<void> {
  const received: (string | Buffer)[] = [];
  const all = new Promise<void>((resolve) => {
    socket.on("message", (data, isBinary) => {
      received.push(isBinary ? (data as Buffer) : data.toString());
      if (received.length === sent.length) resolve();
    });
  });
  for (const message of sent) socket.send(message);
  await all;
  expect(received.map((message, index) => same(message, sent[index]!))).toEqual(sent.map(() => true));
}

async function echoThroughOurClient(peer: Peer, sent: readonly (string | Buffer)[]): Promise<void> {
  for (const message of sent) {
    if (typeof message === "string") peer.connection.sendText(message);
    else peer.connection.sendBinary(message);
  }
  await peer.until(() => peer.received.length === sent.length || peer.errors.length > 0);
  expect(peer.errors).toEqual([]);
  expect(peer.received.map((message, index) => same(message, sent[index]!))).toEqual(sent.map(() => true));
}

const takeovers = [false, true].flatMap((server) => [false, true].map((client) => ({ server, client })));
const windows = [
  { server: undefined, client: undefined },
  { server: 9, client: undefined },
  { server: undefined, client: 10 },
  { server: 12, client: 9 },
];
const combinations = takeovers.flatMap((noTakeover) => windows.map((bits) => ({ noTakeover, bits })));

/** The four parameters as our options and as those of `ws`. */
function optionsFor({ noTakeover, bits }: (typeof combinations)[number]): {
  ours: DeflateOptions;
  theirs: PerMessageDeflateOptions;
} {
  const both = {
    serverNoContextTakeover: noTakeover.server,
    clientNoContextTakeover: noTakeover.client,
    ...(bits.server === undefined ? {} : { serverMaxWindowBits: bits.server }),
    ...(bits.client === undefined ? {} : { clientMaxWindowBits: bits.client }),
    threshold: 20,
  };
  return { ours: both, theirs: both };
}

const nameOf = ({ noTakeover, bits }: (typeof combinations)[number]): string =>
  `server ${noTakeover.server ? "drops" : "keeps"} its window of ${bits.server ?? 15} bits, client ${noTakeover.client ? "drops" : "keeps"} its of ${bits.client ?? 15}`;

describe("our server and the client of ws", () => {
  it("echo without compression", async () => {
    const { url } = await ourServer(false);
    const socket = await wsClient(url, { perMessageDeflate: true });
    expect(socket.extensions).toBe("");
    await echoThroughWsClient(socket, messages());
  });

  for (const combination of combinations) {
    it(`echo compressed: our options, ${nameOf(combination)}`, async () => {
      const { ours } = optionsFor(combination);
      const { url } = await ourServer(ours);
      const socket = await wsClient(url, { perMessageDeflate: { threshold: 20 } });
      expect(socket.extensions).toContain("permessage-deflate");
      await echoThroughWsClient(socket, messages());
    });

    it(`echo compressed: the options of ws, ${nameOf(combination)}`, async () => {
      const { theirs } = optionsFor(combination);
      const { url } = await ourServer({
        serverNoContextTakeover: false,
        clientNoContextTakeover: false,
        threshold: 20,
      });
      const socket = await wsClient(url, { perMessageDeflate: theirs });
      expect(socket.extensions).toContain("permessage-deflate");
      await echoThroughWsClient(socket, messages());
    });
  }

  for (const deflate of [false, {}] as const) {
    it(`echo messages of 17 MB ${deflate ? "compressed" : "as they are"}`, async () => {
      const { url } = await ourServer(deflate);
      const socket = await wsClient(url, { perMessageDeflate: true });
      const text = "ñandú, 0123456789 ".repeat(900_000);
      await echoThroughWsClient(socket, [randomBytes(17 * 1024 * 1024), text, "small"]);
    });
  }

  it("agree on a subprotocol", async () => {
    const { url } = await ourServer(false, "second");
    const socket = await wsClient(url, { perMessageDeflate: false, protocols: ["first", "second"] });
    expect(socket.protocol).toBe("second");
  });

  it("join fragments with pings between them, and answer every ping", async () => {
    const { url, peers } = await ourServer(false);
    const socket = await wsClient(url, { perMessageDeflate: false });
    const pongs: string[] = [];
    socket.on("pong", (payload) => pongs.push(payload.toString()));
    const echoed = once(socket, "message");
    socket.send("ñan", { fin: false });
    socket.ping("one");
    socket.send("dú", { fin: false });
    socket.ping("two");
    socket.send("!", { fin: true });
    expect(String((await echoed)[0])).toBe("ñandú!");
    expect(pongs).toEqual(["one", "two"]);
    expect(peers[0]?.received).toEqual(["ñandú!"]);
  });

  it("close cleanly from either side with code and reason", async () => {
    const { url, peers } = await ourServer({});
    const first = await wsClient(url, { perMessageDeflate: true });
    first.close(4001, "adiós");
    expect(await peers[0]?.closed).toEqual({ code: 4001, reason: "adiós", wasClean: true });
    const second = await wsClient(url, { perMessageDeflate: true });
    const closed = once(second, "close");
    peers[1]?.connection.close(4002, "hasta luego");
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([4002, "hasta luego"]);
    expect(await peers[1]?.closed).toMatchObject({ code: 4002, wasClean: true });
  });

  it("tell the client why a message is refused", async () => {
    const { url } = await ourServer(false);
    const socket = await wsClient(url, { perMessageDeflate: false });
    const closed = once(socket, "close");
    socket.send(Buffer.from([0xff]), { binary: false });
    const [code, reason] = await closed;
    expect([code, String(reason)]).toEqual([1007, "expected a text message in UTF-8"]);
  });
});

describe("our client and the server of ws", () => {
  it("echo without compression", async () => {
    const { peer, agreement } = await ourClient(await wsServer(true), false);
    expect(agreement).toBeUndefined();
    await echoThroughOurClient(peer, messages());
  });

  for (const combination of combinations) {
    it(`echo compressed: our options, ${nameOf(combination)}`, async () => {
      const { peer, agreement } = await ourClient(await wsServer({ threshold: 20 }), optionsFor(combination).ours);
      expect(agreement).toBeDefined();
      await echoThroughOurClient(peer, messages());
    });

    it(`echo compressed: the options of ws, ${nameOf(combination)}`, async () => {
      const ours = { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 20 };
      const { peer, agreement } = await ourClient(await wsServer(optionsFor(combination).theirs), ours);
      expect(agreement).toMatchObject({ serverMaxWindowBits: combination.bits.server ?? 15 });
      await echoThroughOurClient(peer, messages());
    });
  }

  for (const deflate of [false, {}] as const) {
    it(`echo messages of 17 MB ${deflate ? "compressed" : "as they are"}`, async () => {
      const { peer } = await ourClient(await wsServer(true), deflate);
      await echoThroughOurClient(peer, [randomBytes(17 * 1024 * 1024), "ñandú, 0123456789 ".repeat(900_000), "small"]);
    });
  }

  it("close cleanly, and get pongs", async () => {
    const { peer } = await ourClient(await wsServer(true), {});
    peer.connection.ping(Buffer.from("are you there"));
    await peer.until(() => peer.pongs.length > 0);
    expect(String(peer.pongs[0])).toBe("are you there");
    peer.connection.close(4003, "done");
    expect(await peer.closed).toMatchObject({ code: 4003, wasClean: true });
  });
});

// `vaiven/websocket` over real sockets: messages between its two ends and npm's `ws`, back-pressure, and the end.
import { createServer, type IncomingMessage } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, WebSocketPeer, WebSocketServer } from "vaiven/websocket";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocketServer as StockServer, WebSocket as StockSocket } from "ws";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { closeLater, listening } from "../support/scene.js";
import { collect, inTime, Ledger, once, until } from "../support/waiting.js";
import { CLOSE_1000, echoServer, masked, open, openStock, Raw, refusal } from "./websocket-stage.js";

/** What would have ended the process until the test ends. */
function uncaughtExceptions(): unknown[] {
  const caught: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => caught.push(error));
  onTestFinished(() => {
    process.removeAllListeners("uncaughtException");
    for (const listener of listeners) process.on("uncaughtException", listener);
  });
  return caught;
}

describe("the server with npm's client", () => {
  it.each([
    ["plain", false],
    ["compressed", true],
    ["compressed with context", { serverNoContextTakeover: false, clientNoContextTakeover: false, threshold: 0 }],
  ] as const)("echoes texts and bytes of every length class: %s", async (_name, perMessageDeflate) => {
    const { url } = await echoServer({ perMessageDeflate, maxMessageBytes: 2 ** 20 });
    const ws = await openStock(url, { perMessageDeflate: perMessageDeflate !== false });
    const sent: (string | Buffer)[] = [0, 1, 125, 126, 65_535, 65_536, 300_000].flatMap((size) => [
      "ñ€𝄞x".repeat(size / 10 + 1).slice(0, size),
      Buffer.alloc(size, "vaivén"),
    ]);
    const coming = collect<[Buffer, boolean]>(ws, "message", sent.length);
    for (const message of sent) ws.send(message);
    const received = (await coming).map(([data, isBinary]) => (isBinary ? data : data.toString("utf8")));
    expect(received.length).toBe(sent.length);
    for (const [index, message] of received.entries()) expect(message).toEqual(sent[index]);
    expect(ws.extensions !== "").toBe(perMessageDeflate !== false);
  });

  it("gives the text as a string and bytes as a Buffer", async () => {
    const { server, url } = await echoServer();
    const peers = once<[WebSocketPeer, IncomingMessage]>(server, "connection");
    const ws = await openStock(url);
    const [peer, request] = await peers;
    expect(request.url).toBe("/");
    const messages = collect<[string | Buffer]>(peer, "message", 2);
    ws.send("a");
    ws.send(Buffer.from("b"));
    expect(await messages).toEqual([["a"], [Buffer.from("b")]]);
    expect(server.clients.has(peer)).toBe(true);
  });

  it("echoes a message of 20 MB in both directions", async () => {
    const { url } = await echoServer({ maxMessageBytes: 32 * 2 ** 20, maxBufferedBytes: 2 ** 30 });
    const ws = await openStock(url);
    const big = Buffer.alloc(20_000_000, "0123456789");
    const coming = once<[Buffer, boolean]>(ws, "message", 30_000);
    ws.send(big);
    const [data, isBinary] = await coming;
    expect(isBinary).toBe(true);
    expect(data.equals(big)).toBe(true);
  });

  it("answers pings, and hears pongs", async () => {
    const { server, url } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const ws = await openStock(url);
    const [peer] = await peers;
    const heard = once<[Buffer]>(peer, "ping");
    const answered = once<[Buffer]>(ws, "pong");
    ws.ping("p1");
    expect((await heard)[0].toString()).toBe("p1");
    expect((await answered)[0].toString()).toBe("p1");
    const pong = once<[Buffer]>(peer, "pong");
    peer.ping("p2");
    expect((await pong)[0].toString()).toBe("p2");
    const unasked = once<[Buffer]>(ws, "pong");
    peer.pong(Buffer.from("p3"));
    expect((await unasked)[0].toString()).toBe("p3");
  });

  it("chooses the client's first subprotocol that it speaks", async () => {
    const { url } = await echoServer({ protocols: ["b", "c"] });
    expect((await openStock(url, {}, ["a", "c", "b"])).protocol).toBe("c");
  });

  it("lets selectProtocol choose, with the request at hand", async () => {
    const { url, server } = await echoServer({
      selectProtocol: (offered, request) => (request.url === "/x" ? offered.at(-1) : undefined),
    });
    const peers = once<[WebSocketPeer]>(server, "connection");
    expect((await openStock(`${url}x`, {}, ["a", "b"])).protocol).toBe("b");
    expect((await peers)[0].protocol).toBe("b");
  });

  it("closes with code and reason from either side", async () => {
    const { url, server, endings } = await echoServer();
    const first = await openStock(url);
    first.close(4001, "adiós");
    expect((await endings.reaches(1))[0]).toEqual({ code: 4001, reason: "adiós", wasClean: true, error: undefined });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const second = await openStock(url);
    const closed = once<[number, Buffer]>(second, "close");
    (await peers)[0].close(4002, "hasta luego");
    const [code, reason] = await closed;
    expect([code, reason.toString()]).toEqual([4002, "hasta luego"]);
    expect((await endings.reaches(2))[1]).toMatchObject({ code: 4002, wasClean: true });
    expect(server.clients.size).toBe(0);
  });

  it("delivers what was sent before close", async () => {
    const { url, server } = await echoServer();
    server.on("connection", (peer) => {
      for (let index = 0; index < 1000; index++) peer.send(String(index));
      peer.close();
    });
    const ws = new StockSocket(url);
    const messages: string[] = [];
    ws.on("message", (data) => messages.push(String(data)));
    const [code] = await once<[number]>(ws, "close");
    expect(code).toBe(1000);
    expect(messages).toEqual(Array.from({ length: 1000 }, (_, index) => String(index)));
  });

  it("carries 300 connections at once", async () => {
    const { url, server } = await echoServer();
    const sockets = await Promise.all(Array.from({ length: 300 }, () => openStock(url)));
    expect(server.clients.size).toBe(300);
    const echoes = Promise.all(sockets.map((ws) => once<[Buffer]>(ws, "message", 20_000)));
    for (const [index, ws] of sockets.entries()) ws.send(`n${index}`);
    expect((await echoes).map(([data]) => data.toString())).toEqual(sockets.map((_, index) => `n${index}`));
    for (const ws of sockets) ws.close();
    await until(() => server.clients.size === 0, "all had closed", 20_000);
  });
});

describe("the client with npm's server", () => {
  async function stock(options: object = {}): Promise<{ url: string; server: StockServer }> {
    const server = new StockServer({ port: 0, host: "127.0.0.1", maxPayload: 1e9, ...options });
    onTestFinished(() => {
      for (const ws of server.clients) ws.terminate();
      server.close();
    });
    server.on("connection", (ws) => ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary })));
    await once(server, "listening");
    return { server, url: `ws://127.0.0.1:${(server.address() as { port: number }).port}` };
  }

  it.each([false, true])("exchanges texts and bytes, compression %s", async (perMessageDeflate) => {
    const { url } = await stock({ perMessageDeflate });
    const peer = await open(url, { perMessageDeflate, maxMessageBytes: 2 ** 20 });
    expect(peer.isCompressing).toBe(perMessageDeflate);
    const sent = ["", "ñ", "x".repeat(70_000), Buffer.alloc(0), Buffer.alloc(300_000, 7)];
    const coming = collect<[string | Buffer]>(peer, "message", sent.length);
    for (const message of sent) expect(peer.send(message)).toBe(true);
    expect((await coming).map(([data]) => data)).toEqual(sent);
  });

  it("echoes 20 MB", async () => {
    const { url } = await stock();
    const peer = await open(url, { maxMessageBytes: 32 * 2 ** 20 });
    const big = Buffer.alloc(20_000_000, "abc");
    const coming = once<[Buffer]>(peer, "message", 30_000);
    peer.send(big);
    expect((await coming)[0].equals(big)).toBe(true);
  });

  it("negotiates the subprotocol and sends headers, but not over its own", async () => {
    const { url, server } = await stock();
    const requests = once<[unknown, IncomingMessage]>(server, "connection");
    const headers = { "x-mine": "1", "sec-websocket-key": "AAAA", cookie: ["a=1", "b=2"] };
    const peer = await open(`${url}/chat?x=1`, { protocols: ["a", "b"], headers });
    const [, request] = await requests;
    expect(peer.protocol).toBe("a");
    expect(request.url).toBe("/chat?x=1");
    expect(request.headers).toMatchObject({ "x-mine": "1", cookie: "a=1; b=2" });
    expect(request.headers["sec-websocket-key"]).not.toBe("AAAA");
  });

  it("hears what the server sends with its handshake", async () => {
    const { url, server } = await stock();
    server.on("connection", (ws) => ws.send("at once"));
    const peer = await connect(url);
    const [data] = await once<[string]>(peer, "message");
    expect(data).toBe("at once");
    const closed = once(peer, "close");
    peer.close(4000, "bye");
    expect(await closed).toEqual([4000, "bye", true]); // which `ws` repeats
    expect(peer.state).toBe("closed");
    expect(peer.send("late")).toBe(false);
    expect(await peer.drain()).toBe(false);
  });

  it("connects over TLS with the options of https.request", async () => {
    const httpsServer = createHttpsServer({ key: KEY, cert: CERTIFICATE });
    closeLater(httpsServer);
    const ours = new WebSocketServer({ server: httpsServer });
    ours.on("connection", (peer) => peer.on("message", (data) => peer.send(data)));
    const port = await listening(httpsServer);
    expect(await refusal(connect(`wss://localhost:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
    const peer = await open(`wss://localhost:${port}`, { request: { ca: CERTIFICATE, family: 4 } });
    const coming = once(peer, "message");
    peer.send("secret");
    expect(await coming).toEqual(["secret"]);
  });
});

describe("back-pressure", () => {
  it("lets a sender wait: drain() resolves when the peer has read", async () => {
    const { server, port } = await echoServer({ maxBufferedBytes: 64 * 2 ** 20 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    expect(await peer.drain()).toBe(true);
    raw.socket.pause();
    for (let index = 0; index < 16; index++) peer.send(Buffer.alloc(1_000_000));
    let isDrained = false;
    const drained = peer.drain().then((isOpen) => {
      isDrained = true;
      return isOpen;
    });
    const event = once(peer, "drain", 20_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(isDrained).toBe(false);
    expect(peer.bufferedAmount).toBeGreaterThan(1_000_000);
    raw.socket.resume();
    expect(await drained).toBe(true);
    await event;
    expect(peer.bufferedAmount).toBe(0);
  });

  it("resolves drain() with false where the peer leaves instead", async () => {
    const { server, port } = await echoServer({ maxBufferedBytes: 64 * 2 ** 20 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    raw.socket.pause();
    for (let index = 0; index < 16; index++) peer.send(Buffer.alloc(1_000_000));
    const drained = peer.drain();
    raw.socket.destroy();
    expect(await drained).toBe(false);
  });

  it("reaches the sender through a loop over messages", async () => {
    const { server, port } = await echoServer();
    const seen: number[] = [];
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const finished = new Promise<void>((resolve) => {
      server.removeAllListeners("connection");
      server.on("connection", async (peer) => {
        for await (const message of peer) {
          await held;
          seen.push(message.length);
        }
        resolve();
      });
    });
    const raw = await new Raw(port).upgraded();
    const frame = Buffer.from(masked(0x82, Buffer.alloc(60_000)), "hex");
    for (let index = 0; index < 500; index++) raw.socket.write(frame);
    await until(() => raw.socket.writableLength > 10_000_000, "the sender had to wait");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(raw.socket.writableLength).toBeGreaterThan(1_000_000);
    raw.hex(CLOSE_1000);
    release();
    await inTime(finished, "the loop to end", 20_000);
    expect(seen).toEqual(new Array(500).fill(60_000));
  });

  it("gives a loop every message in order, and ends it with the connection", async () => {
    const { url, server } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const peer = await open(url);
    const [other] = await peers;
    for (let index = 0; index < 200; index++) other.send(String(index));
    other.close(4000, "done");
    const seen: (string | Buffer)[] = [];
    for await (const message of peer) seen.push(message);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
    expect(peer.ending).toEqual({ code: 4000, reason: "done", wasClean: true, error: undefined });
    for await (const message of peer) throw new Error(`nothing comes after the end, came ${String(message)}`);
  });

  it("lets a loop be left without closing, and pauses on request", async () => {
    const { url, server } = await echoServer();
    const peer = await open(url);
    peer.send("a");
    for await (const message of peer) {
      expect(message).toBe("a");
      break;
    }
    expect(peer.state).toBe("open");
    peer.pause();
    const heard = new Ledger<string | Buffer>();
    peer.on("message", (data) => heard.add(data));
    peer.send("b");
    await until(() => [...server.clients][0]?.bufferedAmount === 0, "the echo has left");
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(heard.entries).toEqual([]);
    peer.resume();
    expect(await heard.reaches(1)).toEqual(["b"]);
  });

  it("tells the caller's own mistakes", async () => {
    const peer = await open((await echoServer()).url);
    const mistake = expect.objectContaining({ code: "API_INVALID_ARGUMENT" });
    expect(() => peer.send(7 as never)).toThrow(mistake);
    expect(() => peer.close(1005)).toThrow(mistake);
    expect(() => peer.ping("x".repeat(126))).toThrow(mistake);
    expect(peer.state).toBe("open");
    expect(peer).toBeInstanceOf(WebSocketPeer);
  });
});

describe("the end", () => {
  it("comes after closeTimeout if the peer does not answer", async () => {
    const { port, server, endings } = await echoServer({ closeTimeout: 100 });
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    peer.close(1000);
    expect(peer.state).toBe("closing");
    expect(peer.send("x")).toBe(false);
    await inTime(raw.closed, "the cut");
    expect(raw.received.toString("hex")).toBe("880203e8");
    expect((await endings.reaches(1))[0]).toEqual({ code: 1006, reason: "", wasClean: false, error: undefined });
  });

  it("is 1006 where the peer leaves without a word, and 1005 where its Close has no code", async () => {
    const { port, endings } = await echoServer();
    (await new Raw(port).upgraded()).socket.end();
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1006, wasClean: false });
    (await new Raw(port).upgraded()).hex(masked(0x88));
    expect((await endings.reaches(2))[1]).toMatchObject({ code: 1005, wasClean: true });
  });

  it("by terminate is at once, and told", async () => {
    const { url, server, endings } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const peer = await open(url);
    const closed = once(peer, "close");
    (await peers)[0].terminate();
    expect(await closed).toEqual([1006, "", false]);
    expect((await endings.reaches(1))[0]).toMatchObject({ code: 1006 });
  });

  it("of the server closes everyone with 1001, refuses who comes, and frees the port", async () => {
    const { server, url, port } = await echoServer();
    const peers = await Promise.all([open(url), open(url)]);
    const endings = peers.map((peer) => once(peer, "close"));
    const closed = once(server, "close");
    const first = server.close();
    expect(server.close()).toBe(first);
    await first;
    await closed;
    expect(await Promise.all(endings)).toEqual([
      [1001, "", true],
      [1001, "", true],
    ]);
    expect(await refusal(connect(url))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
    const again = createServer();
    closeLater(again);
    expect(await listening(again, port)).toBe(port);
  });

  it("of the server does not wait for a peer that does not answer", async () => {
    const { server, port } = await echoServer({ closeTimeout: 100 });
    await new Raw(port).upgraded();
    await inTime(server.close(1012, "back soon"), "close()");
    expect(server.clients.size).toBe(0);
  });

  it("does not come for a listener of connection that throws: the WebSocket is open", async () => {
    const { server, url } = await echoServer();
    const caught = uncaughtExceptions();
    server.on("connection", () => {
      throw new Error("mine");
    });
    const peer = await open(url);
    const coming = once(peer, "message");
    peer.send("a");
    expect(await coming).toEqual(["a"]);
    expect(caught.map(String)).toEqual(["Error: mine"]);
  });

  it("does not come for a listener of message that throws: the WebSocket goes on", async () => {
    const { server, url } = await echoServer();
    const caught = uncaughtExceptions();
    server.on("connection", (peer) =>
      peer.on("message", () => {
        throw new Error("mine");
      }),
    );
    const peer = await open(url);
    const coming = collect(peer, "message", 2);
    peer.send("a");
    peer.send("b");
    expect(await coming).toEqual([["a"], ["b"]]);
    expect(caught.map(String)).toContain("Error: mine");
  });
});

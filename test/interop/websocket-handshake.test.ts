// `vaiven/websocket`: who is let in, on which server, and with what answer a handshake is refused (RFC 6455 section 4).
import { createServer, type IncomingMessage } from "node:http";
import { connect, type WebSocketPeer, WebSocketServer, type WebSocketServerOptions } from "vaiven/websocket";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket as StockSocket } from "ws";
import type { VaivenError } from "../../src/errors.js";
import { closeLater, listening } from "../support/scene.js";
import { collect, inTime, Ledger, once, turn, until } from "../support/waiting.js";
import { byteServer, echoServer, HANDSHAKE_LINES, open, openStock, Raw, refusal } from "./websocket-stage.js";

describe("a refused handshake", () => {
  const without = (name: string): string[] => HANDSHAKE_LINES.filter((line) => !line.startsWith(name));
  it.each([
    [
      "another version",
      426,
      /\r\nSec-WebSocket-Version: 13\r\n/,
      [...without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 8"],
      "GET",
      "1.1",
    ],
    ["no version", 426, /\r\nSec-WebSocket-Version: 13\r\n/, without("Sec-WebSocket-Version"), "GET", "1.1"],
    ["no key", 400, /Sec-WebSocket-Key/, without("Sec-WebSocket-Key"), "GET", "1.1"],
    [
      "a short key",
      400,
      /Sec-WebSocket-Key/,
      [...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: AAAA"],
      "GET",
      "1.1",
    ],
    ["another upgrade", 400, /Upgrade: websocket/, [...without("Upgrade"), "Upgrade: h2c"], "GET", "1.1"],
    ["POST", 405, /\r\nAllow: GET\r\n/, [...HANDSHAKE_LINES, "Content-Length: 0"], "POST", "1.1"],
    ["HTTP/1.0", 400, /HTTP\/1\.1/, HANDSHAKE_LINES, "GET", "1.0"],
    [
      "a broken subprotocol",
      400,
      /Sec-WebSocket-Protocol/,
      [...HANDSHAKE_LINES, "Sec-WebSocket-Protocol: a b"],
      "GET",
      "1.1",
    ],
    [
      "a broken extension",
      400,
      /Sec-WebSocket-Extensions/,
      [...HANDSHAKE_LINES, "Sec-WebSocket-Extensions: ;;"],
      "GET",
      "1.1",
    ],
  ])("with %s is answered %i, and the server goes on", async (_what, status, why, lines, method, version) => {
    const { port, url, server } = await echoServer();
    const refused = once<[VaivenError, IncomingMessage]>(server, "refused");
    const answer = await new Raw(port).request(lines, method, "/", version).answer();
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toMatch(why);
    expect((await refused)[0]).toMatchObject({ httpStatus: status });
    expect((await openStock(url)).readyState).toBe(StockSocket.OPEN);
  });

  it("that asks for no upgrade is answered 426 with the version", async () => {
    const { port } = await echoServer();
    const answer = await new Raw(port).request(["Host: a"]).answer();
    expect(answer).toMatch(/^HTTP\/1\.1 426 /);
    expect(answer).toMatch(/\r\nUpgrade: websocket\r\n/);
    expect(answer).toMatch(/\r\nSec-WebSocket-Version: 13\r\n/);
  });

  it("that is no HTTP ends that connection only", async () => {
    const { port, url } = await echoServer();
    expect(await new Raw(port).hex("00ff".repeat(500)).answer()).toMatch(/^HTTP\/1\.1 400 /);
    const half = new Raw(port).request(HANDSHAKE_LINES.slice(0, 2));
    half.socket.destroy();
    expect((await openStock(url)).readyState).toBe(StockSocket.OPEN);
  });

  it("for another path is answered 404; absolute targets and queries count by their path", async () => {
    const { port, server } = await echoServer({ path: "/ws" });
    const refused = once<[VaivenError]>(server, "refused");
    expect(await new Raw(port).request(HANDSHAKE_LINES).answer()).toMatch(
      /^HTTP\/1\.1 404 [\s\S]*expected the path \/ws$/,
    );
    expect((await refused)[0].code).toBe("HANDSHAKE_PATH");
    for (const target of ["/ws", "/ws?a=/b", "http://127.0.0.1/ws"]) {
      const raw = new Raw(port).request(HANDSHAKE_LINES, "GET", target);
      await until(() => raw.text.includes("\r\n\r\n"), "the handshake was answered");
      expect(raw.text).toMatch(/^HTTP\/1\.1 101 /);
    }
  });

  it.each([
    ["another site's page", { origin: "https://evil.example" }, 403],
    ["a page that hides its origin", { "sec-fetch-site": "cross-site" }, 403],
    ["a listed origin", { origin: "https://good.example" }, 101],
    ["an origin that matches", { origin: "https://a.good.test" }, 101],
    ["the server's own page", { origin: "SELF" }, 101],
    ["a program", {}, 101],
  ])("of %s", async (_who, headers: Record<string, string>, status) => {
    const { port, url } = await echoServer({ origins: ["https://good.example", /^https:\/\/\w+\.good\.test$/] });
    const given = headers["origin"] === "SELF" ? { origin: `http://127.0.0.1:${port}` } : headers;
    if (status === 101) {
      expect((await open(url, { headers: given })).state).toBe("open");
      return;
    }
    const error = await refusal(connect(url, { headers: given }));
    expect(error).toMatchObject({ code: "HANDSHAKE_STATUS", httpStatus: 403 });
    expect(error.detail?.["body"]).toContain("origins: [");
  });

  it('lets every page in with origins "*"', async () => {
    const { url } = await echoServer({ origins: "*" });
    expect((await open(url, { headers: { origin: "https://evil.example" } })).state).toBe("open");
  });

  it("believes X-Forwarded-Host only with trustProxy", async () => {
    const headers = { origin: "https://public.example", "x-forwarded-host": "public.example" };
    const closed = await echoServer();
    expect(await refusal(connect(closed.url, { headers }))).toMatchObject({ httpStatus: 403 });
    const trusting = await echoServer({ trustProxy: 1 });
    expect((await open(trusting.url, { headers })).state).toBe("open");
  });

  it.each([
    ["false", (): boolean => false, 403, ""],
    [
      "a refusal",
      () => ({ status: 401, message: "who are you?", headers: { "WWW-Authenticate": "Basic" } }),
      401,
      "who are you?",
    ],
    ["a promise of false", () => Promise.resolve(false), 403, ""],
  ])("by verify with %s has its status", async (_what, verify, status, body) => {
    const { url, server } = await echoServer({ verify });
    const refused = once<[VaivenError]>(server, "refused");
    const error = await refusal(connect(url));
    expect(error).toMatchObject({ code: "HANDSHAKE_STATUS", httpStatus: status, detail: { body } });
    expect((await refused)[0]).toMatchObject({ code: "HTTP_FORBIDDEN", httpStatus: status });
  });

  it.each([
    [
      "throws",
      (): boolean => {
        throw new Error("mine");
      },
    ],
    ["rejects", () => Promise.reject(new Error("mine"))],
    ["answers a status that is no refusal", () => ({ status: 200 })],
    ["answers nothing", () => undefined as never],
    ["answers null", () => null as never],
    ["promises nothing", () => Promise.resolve() as never],
  ])("by verify that %s is answered 500, and the program is told", async (_what, verify) => {
    const { url, server } = await echoServer({ verify });
    const failed = once<[VaivenError]>(server, "error");
    const error = await refusal(connect(url));
    expect(error).toMatchObject({ httpStatus: 500 });
    expect(error.detail?.["body"]).not.toContain("mine");
    expect((await failed)[0]).toMatchObject({ code: "HANDLER_FAILED" });
  });

  it("by selectProtocol that chooses what was not offered is answered 500, and goes to the console where nobody listens", async () => {
    const spy = vi.spyOn(console, "error").mockImplementation(() => {});
    const { url } = await echoServer({ selectProtocol: () => "z" });
    expect(await refusal(connect(url, { protocols: "a" }))).toMatchObject({ httpStatus: 500 });
    expect(spy).toHaveBeenCalledOnce();
  });

  it("whose verify takes too long is answered 503", async () => {
    const { url, server } = await echoServer({ verify: () => new Promise(() => {}), handshakeTimeout: 100 });
    const refused = once<[VaivenError]>(server, "refused");
    expect(await refusal(connect(url))).toMatchObject({ httpStatus: 503 });
    expect((await refused)[0].code).toBe("HANDSHAKE_TIMEOUT");
  });

  it("whose client leaves while verify decides makes no connection", async () => {
    let accept: (verdict: boolean) => void = () => {};
    const asked = new Ledger<IncomingMessage>();
    const { server, port } = await echoServer({
      verify: (request) =>
        new Promise((resolve) => {
          accept = resolve;
          asked.add(request);
        }),
    });
    const connections = vi.fn();
    server.on("connection", connections);
    const raw = new Raw(port).request(HANDSHAKE_LINES);
    const [request] = await asked.reaches(1);
    raw.socket.resetAndDestroy();
    await until(() => request?.socket.destroyed === true, "the server noticed");
    accept(true);
    await turn();
    await turn();
    expect(connections).not.toHaveBeenCalled();
    expect(server.clients.size).toBe(0);
  });

  it("that verify decides about when the server has closed is answered 503", async () => {
    let accept: (verdict: boolean) => void = () => {};
    const asked = new Ledger<IncomingMessage>();
    const { server, url } = await echoServer({
      verify: (request) =>
        new Promise((resolve) => {
          accept = resolve;
          asked.add(request);
        }),
    });
    const answer = refusal(connect(url));
    await asked.reaches(1);
    const closed = server.close();
    accept(true);
    expect(await answer).toMatchObject({ httpStatus: 503 });
    await inTime(closed, "close()");
  });

  it("that never comes to its end is cut after handshakeTimeout", async () => {
    const { port } = await echoServer({ handshakeTimeout: 200 });
    const raw = new Raw(port);
    raw.socket.write("GET / HTTP/1.1\r\nHost: a\r\n");
    expect(await raw.answer()).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe("the client's handshake", () => {
  /** A server that answers every request with these bytes. */
  async function answering(text: string | ((request: string) => string)): Promise<string> {
    const { url } = await byteServer((request, socket) => {
      const answer = typeof text === "string" ? text : text(request);
      if (answer !== "") socket.end(answer);
    });
    return url;
  }

  it.each([
    ["another status", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!", "HANDSHAKE_STATUS"],
    ["a page", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>", "HANDSHAKE_STATUS"],
    ["101 without Upgrade", "HTTP/1.1 101 X\r\nConnection: close\r\n\r\n", "HANDSHAKE_UPGRADE"],
    ["another upgrade", "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "HANDSHAKE_UPGRADE"],
    [
      "another key's answer",
      "HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
      "HANDSHAKE_ACCEPT",
    ],
    ["no HTTP", "SSH-2.0\r\n\r\n", "SESSION_TRANSPORT_ERROR"],
  ])("rejects %s", async (_what, answer, code) => {
    expect(await refusal(connect(await answering(answer)))).toMatchObject({ name: "VaivenError", code });
  });

  it("says what the server said", async () => {
    const url = await answering("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno!");
    expect(await refusal(connect(url))).toMatchObject({ httpStatus: 502, detail: { body: "no!" } });
  });

  it("gives up after handshakeTimeout, and where nobody listens", async () => {
    const url = await answering("");
    expect(await refusal(connect(url, { handshakeTimeout: 50 }))).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    const closed = await answering("");
    const server = createServer();
    const port = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    expect(closed).not.toBe("");
    expect(await refusal(connect(`ws://127.0.0.1:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
  });

  it("follows redirects only when told so, and keeps credentials from other origins", async () => {
    const { url, server } = await echoServer();
    const requests = collect<[unknown, IncomingMessage]>(server, "connection", 1);
    const from = await answering(`HTTP/1.1 302 Found\r\nLocation: ${url}there\r\nContent-Length: 0\r\n\r\n`);
    const headers = { Authorization: "Bearer x", "X-Other": "y" };
    expect(await refusal(connect(from, { headers }))).toMatchObject({
      httpStatus: 302,
      detail: { location: `${url}there` },
    });
    const peer = await open(from, { headers, maxRedirects: 1 });
    const [[, request] = []] = await requests;
    expect(peer.state).toBe("open");
    expect(request?.url).toBe("/there");
    expect(request?.headers["authorization"]).toBeUndefined();
    expect(request?.headers["x-other"]).toBe("y");
  });

  it("ends a loop of redirects", async () => {
    let asked = 0;
    const url = await answering(() => `HTTP/1.1 307 X\r\nLocation: /${asked++}\r\nContent-Length: 0\r\n\r\n`);
    expect(await refusal(connect(url, { maxRedirects: 3 }))).toMatchObject({ httpStatus: 307 });
    expect(asked).toBe(4);
  });

  it.each([
    ["ftp://a", {}, "API_INVALID_ARGUMENT"],
    ["nowhere", {}, "API_INVALID_ARGUMENT"],
    ["ws://a/#b", {}, "API_INVALID_ARGUMENT"],
    ["ws://a", { protocols: ["a b"] }, "API_INVALID_ARGUMENT"],
    ["ws://a", { maxRedirects: -1 }, "API_INVALID_OPTION"],
    ["ws://a", { maxMessageBytes: "1" as never }, "API_INVALID_OPTION"],
    ["ws://a", { headers: { "a b": "c" } }, "API_INVALID_OPTION"],
    ["ws://a", { nothing: 1 } as object, "API_INVALID_OPTION"],
  ])("rejects %s with %j", async (url, options, code) => {
    expect(await refusal(connect(url, options))).toMatchObject({ name: "VaivenError", code });
  });
});

describe("on a server that is shared", () => {
  it("takes the upgrades of its path and leaves the rest", async () => {
    const httpServer = createServer((_request, response) => response.end("a page"));
    closeLater(httpServer);
    const one = new WebSocketServer({ server: httpServer, path: "/one" });
    const two = new WebSocketServer({ server: httpServer, path: "/two" });
    one.on("connection", (peer) => peer.send("one"));
    two.on("connection", (peer) => peer.send("two"));
    const port = await listening(httpServer);
    const page = await fetch(`http://127.0.0.1:${port}/one`);
    expect(await page.text()).toBe("a page");
    expect(await once(await open(`ws://127.0.0.1:${port}/one`), "message")).toEqual(["one"]);
    expect(await once(await open(`ws://127.0.0.1:${port}/two`), "message")).toEqual(["two"]);
    await one.close();
    expect(await once(await open(`ws://127.0.0.1:${port}/two`), "message")).toEqual(["two"]);
    expect(httpServer.listening).toBe(true);
  });

  it("takes upgrades that the program hands over", async () => {
    const sockets = new WebSocketServer({ verify: ({ url }) => url !== "/no" });
    const httpServer = createServer();
    closeLater(httpServer);
    onTestFinished(() => sockets.close());
    const greet = (peer: WebSocketPeer, { url }: IncomingMessage): void => void peer.send(`you asked for ${url}`);
    httpServer.on("upgrade", (request, socket, head) => sockets.handleUpgrade(request, socket, head, greet));
    const port = await listening(httpServer);
    expect(await once(await open(`ws://127.0.0.1:${port}/yes`), "message")).toEqual(["you asked for /yes"]);
    expect(await refusal(connect(`ws://127.0.0.1:${port}/no`))).toMatchObject({ httpStatus: 403 });
    expect(sockets.clients.size).toBe(1);
  });

  it.each([
    [{ server: createServer(), port: 0 }, "both"],
    [{ path: "/a" }, "path"],
    [{ port: 0, path: "a" }, "path"],
    [{ host: "a" }, "host"],
    [{ protocols: ["a"], selectProtocol: () => "a" }, "selectProtocol"],
    [{ origins: "https://a.example" as never }, "origins"],
    [{ verify: true as never }, "verify"],
    [{ perMessageDeflate: { level: 10 } }, "level"],
    [{ closeTimeout: 0 }, "closeTimeout"],
    [{ nothing: 1 } as object, "nothing"],
  ])("refuses options that make no sense: %#", (options: WebSocketServerOptions, named) => {
    expect(() => new WebSocketServer(options)).toThrow(
      expect.objectContaining({ code: "API_INVALID_OPTION", message: expect.stringContaining(named) }),
    );
  });
});

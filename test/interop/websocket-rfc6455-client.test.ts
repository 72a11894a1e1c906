// `vaiven/websocket`: what a client MUST do at the opening handshake, with URIs, keys and TLS, and at the end of a connection, one by one under their
// sections, as bytes on real sockets (RFC 6455). The rules of frames are in test/conformance/; docs/reference/conformance.md lists them all.
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type LookupFunction, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connect, WebSocketServer } from "vaiven/websocket";
import { describe, expect, it } from "vitest";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { closeLater, listening } from "../support/scene.js";
import { Ledger, once, silence, turn, until } from "../support/waiting.js";
import { acceptance, byteServer, open, refusal } from "./websocket-stage.js";

/** A server of bytes, and what it was asked. */
async function answering(
  answer: (request: string, socket: Socket) => void,
): Promise<{ url: string; port: number; requests: Ledger<string>; sockets: readonly Socket[] }> {
  const requests = new Ledger<string>();
  const served = await byteServer((request, socket) => {
    requests.add(request);
    answer(request, socket);
  });
  return { ...served, requests };
}

/** A server that accepts, with more lines in its answer. */
const accepting = (more = ""): ReturnType<typeof answering> =>
  answering((request, socket) => socket.write(acceptance(request, more)));

/** Every name is this machine. */
const toLoopback: LookupFunction = (_name, options, found) =>
  options.all ? found(null, [{ address: "127.0.0.1", family: 4 }]) : found(null, "127.0.0.1", 4);

describe("the client", () => {
  for (const fragment of ["#a", "#"])
    it(`section 3: a fragment MUST NOT be in the URI: ${fragment}`, async () => {
      expect(await refusal(connect(`ws://127.0.0.1/${fragment}`))).toMatchObject({ code: "API_INVALID_ARGUMENT" });
    });

  it("section 11.1.1: what is not ASCII MUST be sent as punycode in the host, and as percent-encoded UTF-8 behind it", async () => {
    const { port, requests } = await accepting();
    const request = { lookup: toLoopback };
    await open(`ws://caña.example:${port}/ñ%23?q=ü`, { request });
    const [line, ...headers] = (requests.entries[0] ?? "").split("\r\n");
    expect(line).toBe("GET /%C3%B1%23?q=%C3%BC HTTP/1.1");
    expect(headers).toContain(`Host: xn--caa-8ma.example:${port}`);
  });

  for (const url of ["http://", "ws://", "ws://a:99999", "ws://[::1", "mailto:a@b"])
    it(`section 4.1: an invalid URI MUST fail the connection: ${url}`, async () => {
      expect(await refusal(connect(url))).toMatchObject({ code: "API_INVALID_ARGUMENT" });
    });

  it("section 4.1: what cannot be opened MUST fail the connection", async () => {
    const { port } = await new Promise<{ port: number }>((resolve) => {
      const server = createTcpServer().listen(0, "127.0.0.1", () => {
        const address = server.address() as { port: number };
        server.close(() => resolve(address));
      });
    });
    expect(await refusal(connect(`ws://127.0.0.1:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
  });

  it("section 4.1: the request MUST be a GET of HTTP/1.1 for the resource name, with Host, Upgrade, Connection, a key and version 13", async () => {
    const { url, port, requests } = await accepting();
    await open(`${url}/chat/a%20b?x=1&y=2`);
    const [request = ""] = requests.entries;
    const [line, ...headers] = request.split("\r\n");
    expect(line).toBe("GET /chat/a%20b?x=1&y=2 HTTP/1.1");
    const named = (name: string): string | undefined =>
      headers
        .find((header) => header.toLowerCase().startsWith(`${name.toLowerCase()}:`))
        ?.slice(name.length + 1)
        .trim();
    expect(named("Host")).toBe(`127.0.0.1:${port}`);
    expect(named("Upgrade")?.toLowerCase()).toBe("websocket");
    expect(named("Connection")?.toLowerCase()).toContain("upgrade");
    expect(Buffer.from(named("Sec-WebSocket-Key") ?? "", "base64")).toHaveLength(16);
    expect(named("Sec-WebSocket-Version")).toBe("13");
    expect(request.match(/^sec-websocket-key:/gim)).toHaveLength(1);
  });

  it("section 4.1: the resource name of a URI without a path is /", async () => {
    const { url, requests } = await accepting();
    await open(url);
    expect(requests.entries[0]).toMatch(/^GET \/ HTTP\/1\.1\r\n/);
  });

  it("section 4.1: the key MUST be another one for each connection", async () => {
    const { url, requests } = await accepting();
    for (let n = 0; n < 5; n++) await open(url);
    const keys = requests.entries.map((request) => /^sec-websocket-key: *(.*)$/im.exec(request)?.[1]);
    expect(new Set(keys).size).toBe(5);
  });

  it("section 4.1: the key MUST be another one also where a redirect leads to another connection", async () => {
    const { url, requests } = await answering((request, socket) => {
      const isFirst = request.startsWith("GET /from ");
      socket.write(isFirst ? "HTTP/1.1 302 Found\r\nLocation: /to\r\nContent-Length: 0\r\n\r\n" : acceptance(request));
    });
    await open(`${url}/from`, { maxRedirects: 1 });
    const keys = requests.entries.map((request) => /^sec-websocket-key: *(.*)$/im.exec(request)?.[1]);
    expect(keys).toHaveLength(2);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it("section 4.1: MUST wait for the answer before it sends anything", async () => {
    const { url, requests, sockets } = await answering(() => {});
    const attempt = connect(url, { handshakeTimeout: 300 });
    const [request = ""] = await requests.reaches(1);
    expect(request.endsWith("\r\n\r\n")).toBe(true);
    const more: Buffer[] = [];
    sockets[0]?.on("data", (chunk: Buffer) => more.push(chunk));
    expect(await refusal(attempt)).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    expect(more).toEqual([]);
  });

  it("section 4.1: frames behind the answer, in one piece or byte by byte, are read", async () => {
    for (const chop of [false, true]) {
      const { url } = await answering(async (request, socket) => {
        const bytes = Buffer.concat([
          Buffer.from(acceptance(request)),
          Buffer.from("8105", "hex"),
          Buffer.from("Hello"),
        ]);
        if (!chop) socket.write(bytes);
        else
          for (const byte of bytes) {
            socket.write(Buffer.from([byte]));
            await turn();
          }
      });
      expect(await once(await open(url), "message")).toEqual(["Hello"]);
    }
  });

  it.each([
    ["an extension that was not offered", "Sec-WebSocket-Extensions: foo\r\n", "HANDSHAKE_EXTENSION"],
    ["a subprotocol that was not offered", "Sec-WebSocket-Protocol: foo\r\n", "HANDSHAKE_PROTOCOL"],
    ["a malformed extension", "Sec-WebSocket-Extensions: ;\r\n", "HANDSHAKE_EXTENSION"],
    ["an empty list of extensions", "Sec-WebSocket-Extensions:\r\n", "HANDSHAKE_EXTENSION"],
  ])("section 4.1: MUST fail the connection over %s", async (_what, line, code) => {
    const { url } = await accepting(line);
    expect(await refusal(connect(url))).toMatchObject({ code });
  });

  it.each([
    ["11.3.3", "Sec-WebSocket-Accept", "Sec-WebSocket-Accept: AAAA\r\n", "HANDSHAKE_ACCEPT"],
    [
      "11.3.4",
      "Sec-WebSocket-Protocol",
      "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n",
      "HANDSHAKE_PROTOCOL",
    ],
    [
      "11.3.2",
      "Sec-WebSocket-Extensions",
      "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
      "HANDSHAKE_EXTENSION",
    ],
  ])("section %s: %s MUST NOT be in an answer twice", async (_section, _name, lines, code) => {
    const { url } = await accepting(lines);
    const options = {
      protocols: ["a"],
      perMessageDeflate: { serverNoContextTakeover: false, clientNoContextTakeover: false },
    };
    expect(await refusal(connect(url, options))).toMatchObject({ code });
  });

  it("section 9.1: an extension that was offered MUST NOT be used unless the server takes it", async () => {
    const { url, sockets, requests } = await accepting();
    const peer = await open(url, { perMessageDeflate: { threshold: 0 } });
    expect(requests.entries[0]).toMatch(/^sec-websocket-extensions: permessage-deflate/im);
    const frame = once<[Buffer]>(sockets[0], "data");
    peer.send("a".repeat(100));
    const [bytes] = await frame;
    expect([bytes[0], bytes[1]]).toEqual([0x81, 0x80 | 100]);
  });

  it("section 7.1.2: the Close frame MUST have the code and the reason that were given", async () => {
    const { url, sockets } = await accepting();
    const peer = await open(url);
    const frame = once<[Buffer]>(sockets[0], "data");
    peer.close(4001, "enough");
    const [bytes] = await frame;
    const payload = bytes.subarray(6).map((byte, at) => byte ^ (bytes[2 + (at & 3)] as number));
    expect([bytes[0], bytes[1]]).toEqual([0x88, 0x80 | 8]);
    expect(Buffer.from(payload).toString("latin1")).toBe("\x0f\xa1enough");
  });

  it("section 5.3: the masking key MUST be a fresh one for each frame", async () => {
    const { url, sockets } = await accepting();
    const peer = await open(url);
    const received: Buffer[] = [];
    sockets[0]?.on("data", (chunk: Buffer) => received.push(chunk));
    for (let n = 0; n < 300; n++) peer.send("a");
    await until(() => Buffer.concat(received).length === 300 * 7, "300 frames came");
    const bytes = Buffer.concat(received);
    const keys = new Set<string>();
    for (let at = 0; at < bytes.length; at += 7) keys.add(bytes.toString("hex", at + 2, at + 6));
    expect(keys.size).toBeGreaterThan(298);
  });

  it("section 7.1.1: waits for the server to end the TCP connection", async () => {
    const { url, sockets } = await accepting();
    const peer = await open(url);
    const [socket] = sockets;
    const received: string[] = [];
    socket?.on("data", () => received.push("Close"));
    socket?.on("end", () => received.push("end"));
    socket?.write(Buffer.from("880203e8", "hex"));
    expect(await once(peer, "close")).toEqual([1000, "", true]);
    await until(() => received.length > 0, "the client's Close frame");
    await silence();
    expect(received).toEqual(["Close"]);
    socket?.end();
    await until(() => received.length > 1, "the client's end");
    expect(received).toEqual(["Close", "end"]);
  });

  it("section 7.2.1: a connection that is lost MUST fail: 1006", async () => {
    const { url, sockets } = await accepting();
    const peer = await open(url);
    sockets[0]?.resetAndDestroy();
    expect(await once(peer, "close")).toEqual([1006, "", false]);
  });
});

describe("the client over TLS", () => {
  async function tlsServer(): Promise<{ port: number; names: Ledger<unknown> }> {
    const names = new Ledger<unknown>();
    const https = createTlsServer({ key: KEY, cert: CERTIFICATE });
    https.on("secureConnection", (socket: TLSSocket & { servername?: string | false }) => names.add(socket.servername));
    const server = new WebSocketServer({ server: https });
    closeLater(https);
    server.on("connection", (peer) => peer.on("message", (data) => peer.send(data)));
    return { port: await listening(https), names };
  }
  const trusting = { request: { ca: CERTIFICATE, checkServerIdentity: () => undefined } };

  it("section 4.1: a TLS handshake that fails MUST fail the connection", async () => {
    const { port } = await tlsServer();
    expect(await refusal(connect(`wss://localhost:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
  });

  it("section 4.1: MUST name the host in the TLS handshake", async () => {
    const { port, names } = await tlsServer();
    await open(`wss://localhost:${port}`, trusting);
    expect(names.entries).toEqual(["localhost"]);
  });

  it("section 10.6: TLS MUST be supported, by both ends", async () => {
    const { port } = await tlsServer();
    const peer = await open(`wss://localhost:${port}`, trusting);
    const answer = once(peer, "message");
    peer.send("over TLS");
    expect(await answer).toEqual(["over TLS"]);
  });
});

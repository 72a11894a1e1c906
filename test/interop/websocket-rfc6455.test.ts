// `vaiven/websocket`: the MUSTs of the opening handshake, of URIs, keys, TLS and the end of a connection, one by one under their sections, as bytes on
// real sockets (RFC 6455). Those of frames are in test/conformance/; docs/reference/conformance.md lists them all.
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { connect, type WebSocketPeer, WebSocketServer } from "vaiven/websocket";
import { describe, expect, it, onTestFinished } from "vitest";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { closeLater, listening } from "../support/scene.js";
import { inTime, Ledger, once, until } from "../support/waiting.js";
import { CLOSE_1000, echoServer, HANDSHAKE_LINES, masked, open, Raw, refusal } from "./websocket-stage.js";

const SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const without = (name: string): string[] => HANDSHAKE_LINES.filter((line) => !line.startsWith(name));

/** A server of bytes: what clients asked, and an answer to each. */
async function answering(
  answer: (request: string, socket: Socket) => string,
): Promise<{ url: string; port: number; requests: Ledger<string>; sockets: Socket[] }> {
  const requests = new Ledger<string>();
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", (chunk) => {
      const request = chunk.toString("latin1");
      requests.add(request);
      socket.write(answer(request, socket));
    });
  });
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { url: `ws://127.0.0.1:${port}`, port, requests, sockets };
}

async function accepted(request: string, more = ""): Promise<string> {
  const { createHash } = await import("node:crypto");
  const key = /^sec-websocket-key: *(.*)$/im.exec(request)?.[1] ?? "";
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n${more}\r\n`;
}

/** A server that accepts, with more lines in its answer. */
async function accepting(more = ""): ReturnType<typeof answering> {
  const served = await answering((request, socket) => {
    void accepted(request, more).then((answer) => socket.write(answer));
    return "";
  });
  return served;
}

describe("the client", () => {
  it("section 3: a fragment MUST NOT be in the URI", async () => {
    expect(await refusal(connect("ws://127.0.0.1/#a"))).toMatchObject({ code: "API_INVALID_ARGUMENT" });
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

  it("section 4.1: MUST wait for the answer before it sends anything", async () => {
    const { url, requests, sockets } = await answering(() => "");
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
      const { url } = await answering((request, socket) => {
        void accepted(request).then(async (head) => {
          const bytes = Buffer.concat([Buffer.from(head, "latin1"), Buffer.from("8105", "hex"), Buffer.from("Hello")]);
          if (!chop) socket.write(bytes);
          else
            for (const byte of bytes) {
              socket.write(Buffer.from([byte]));
              await new Promise((resolve) => setImmediate(resolve));
            }
        });
        return "";
      });
      expect(await once(await open(url), "message")).toEqual(["Hello"]);
    }
  });

  it.each([
    ["an extension that was not offered", "Sec-WebSocket-Extensions: foo\r\n", "HANDSHAKE_EXTENSION"],
    ["a subprotocol that was not offered", "Sec-WebSocket-Protocol: foo\r\n", "HANDSHAKE_PROTOCOL"],
    ["a malformed extension", "Sec-WebSocket-Extensions: ;\r\n", "HANDSHAKE_EXTENSION"],
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
    const ended = once(sockets[0], "end");
    sockets[0]?.write(Buffer.from("880203e8", "hex"));
    const [code, reason, wasClean] = await once(peer, "close").catch(() => [0, "", false]);
    expect([code, reason, wasClean]).toEqual([1000, "", true]);
    sockets[0]?.end();
    await ended;
  });

  it("section 7.2.1: a connection that is lost MUST fail: 1006", async () => {
    const { url, sockets } = await accepting();
    const peer = await open(url);
    sockets[0]?.resetAndDestroy();
    expect(await once(peer, "close")).toEqual([1006, "", false]);
  });

  it("section 4.1: MUST shake hands by TLS for wss, name the host in it, and fail where the certificate is not to be trusted", async () => {
    const names = new Ledger<unknown>();
    const https = createTlsServer({ key: KEY, cert: CERTIFICATE });
    https.on("secureConnection", (socket: TLSSocket & { servername?: string | false }) => names.add(socket.servername));
    const server = new WebSocketServer({ server: https });
    closeLater(https);
    server.on("connection", (peer) => peer.on("message", (data) => peer.send(data)));
    const port = await listening(https);
    expect(await refusal(connect(`wss://localhost:${port}`))).toMatchObject({ code: "SESSION_TRANSPORT_ERROR" });
    const peer = await open(`wss://localhost:${port}`, {
      request: { ca: CERTIFICATE, checkServerIdentity: () => undefined },
    });
    const answer = once(peer, "message");
    peer.send("section 10.6: TLS");
    expect(await answer).toEqual(["section 10.6: TLS"]);
    expect(names.entries).toContain("localhost");
  });
});

describe("the server", () => {
  const answerTo = async (lines: readonly string[], method?: string, version?: string): Promise<string> => {
    const { port } = await echoServer();
    const raw = new Raw(port).request(lines, method, "/", version);
    await until(() => raw.text.includes("\r\n\r\n"), "an answer");
    return raw.text;
  };

  it("section 4.2.2: the answer MUST be 101 with Upgrade, Connection and the accept of the key, and nothing that was not asked for", async () => {
    const answer = await answerTo(HANDSHAKE_LINES);
    const lines = answer.split("\r\n");
    expect(lines[0]).toMatch(/^HTTP\/1\.1 101 /);
    expect(lines.map((line) => line.toLowerCase())).toEqual(
      expect.arrayContaining(["upgrade: websocket", "connection: upgrade"]),
    );
    expect(lines).toContain(`Sec-WebSocket-Accept: ${SAMPLE_ACCEPT}`);
    expect(answer).not.toMatch(/^sec-websocket-(?:protocol|extensions)/im);
  });

  it.each([
    ["headers in another order", [...HANDSHAKE_LINES].reverse()],
    ["names in another case", HANDSHAKE_LINES.map((line) => line.replace(/^[^:]+/, (name) => name.toUpperCase()))],
    ["an Upgrade in another case", [...without("Upgrade"), "Upgrade: WebSocket"]],
    ["Connection tokens in another order and case", [...without("Connection"), "Connection: foo ,UPGRADE, keep-alive"]],
    ["Connection on two lines", [...without("Connection"), "Connection: keep-alive", "Connection: Upgrade"]],
    ["blanks around values", [...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: \t dGhlIHNhbXBsZSBub25jZQ== \t"]],
    ["headers that nobody knows", [...HANDSHAKE_LINES, "X-Unknown: 1", "Cookie: a=b"]],
  ])("section 4.2.1: takes %s", async (_what, lines) => {
    expect(await answerTo(lines)).toContain(SAMPLE_ACCEPT);
  });

  it.each([
    ["4.2.1", "no Host", without("Host"), 400],
    ["4.2.1", "no Upgrade token in Connection", [...without("Connection"), "Connection: Upgraded"], 426],
    ["4.2.1", "a key of another length", [...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: AAAA"], 400],
    [
      "4.2.1",
      "a key that is no base64",
      [...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: !!hlIHNhbXBsZSBub25jZQ=="],
      400,
    ],
    ["11.3.1", "two keys", [...HANDSHAKE_LINES, "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="], 400],
    ["11.3.5", "two versions", [...HANDSHAKE_LINES, "Sec-WebSocket-Version: 13"], 426],
    ["4.4", "version 12", [...without("Sec-WebSocket-Version"), "Sec-WebSocket-Version: 12"], 426],
    ["9.1", "malformed extensions", [...HANDSHAKE_LINES, "Sec-WebSocket-Extensions: a;=b"], 400],
    ["4.3", "a subprotocol that is no token", [...HANDSHAKE_LINES, "Sec-WebSocket-Protocol: a/b"], 400],
    ["8.1", "bytes beyond ASCII in a key", [...without("Sec-WebSocket-Key"), "Sec-WebSocket-Key: \xff\xfe"], 400],
  ])(
    "section %s: MUST refuse %s, and names its version where that is wrong",
    async (_section, _what, lines, status) => {
      const answer = await answerTo(lines);
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      if (status === 426) expect(answer).toMatch(/\r\nSec-WebSocket-Version: 13\r\n/i);
    },
  );

  it("section 4.2.2: MUST answer with an error where the origin is not wanted, and where the resource is not there", async () => {
    expect(await answerTo([...HANDSHAKE_LINES, "Origin: http://evil.example"])).toMatch(/^HTTP\/1\.1 403 /);
    const { port } = await echoServer({ path: "/here" });
    expect(await new Raw(port).request(HANDSHAKE_LINES).answer()).toMatch(/^HTTP\/1\.1 404 /);
  });

  it("section 4.2.2: a subprotocol MUST be one of those that were offered; without agreement the header MUST NOT be sent", async () => {
    const { port } = await echoServer({ protocols: ["v2", "v1"] });
    const offered = async (header: string): Promise<string> => {
      const raw = new Raw(port).request([...HANDSHAKE_LINES, `Sec-WebSocket-Protocol: ${header}`]);
      await until(() => raw.text.includes("\r\n\r\n"), "an answer");
      return /^sec-websocket-protocol: *(.*)$/im.exec(raw.text)?.[1] ?? "none";
    };
    expect(await offered("v0, v1, v2")).toBe("v1");
    expect(await offered("v0")).toBe("none");
  });

  it("section 9: an extension that was not offered MUST NOT be in the answer; offers on several lines are one list", async () => {
    const { port } = await echoServer({ perMessageDeflate: true });
    const offered = async (...lines: string[]): Promise<string> => {
      const raw = new Raw(port).request([...HANDSHAKE_LINES, ...lines]);
      await until(() => raw.text.includes("\r\n\r\n"), "an answer");
      return /^sec-websocket-extensions: *(.*)$/im.exec(raw.text)?.[1] ?? "none";
    };
    expect(await offered()).toBe("none");
    expect(await offered("Sec-WebSocket-Extensions: x-unknown")).toBe("none");
    expect(await offered("Sec-WebSocket-Extensions: x-a; b=1", "Sec-WebSocket-Extensions: permessage-deflate")).toBe(
      "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
    );
  });

  it("section 5.5.1: MUST end the TCP connection once both Close frames are there", async () => {
    const { port } = await echoServer();
    const raw = await new Raw(port).upgraded();
    raw.hex(CLOSE_1000);
    await inTime(raw.closed, "the end of the TCP connection");
    expect(raw.received.toString("hex")).toBe("880203e8");
  });

  it("section 6.1: MUST NOT send once the connection is not open any more", async () => {
    const { port, server } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    peer.close(1001, "later");
    expect(peer.send("late")).toBe(false);
    raw.hex(masked(0x81, "late"), CLOSE_1000);
    await inTime(raw.closed, "the end");
    expect(raw.received.toString("hex")).toBe(`880703e9${Buffer.from("later").toString("hex")}`);
  });

  it("section 7.1.7: MUST end the TCP connection when it fails, even if the other side stays", async () => {
    const { port } = await echoServer({ closeTimeout: 200 });
    const raw = await new Raw(port).upgraded();
    raw.socket.allowHalfOpen = true;
    raw.hex(masked(0x83));
    await once(raw.socket, "end");
    expect(raw.received.readUInt16BE(2)).toBe(1002);
    // We keep our side open, and are told that nobody is there any more.
    await until(() => {
      raw.socket.write("still here");
      return raw.socket.destroyed;
    }, "the connection was cut");
  });
});

// `vaiven/websocket`: what a server MUST do at the opening handshake and at the end of a connection, one by one under their sections, as bytes on real
// sockets (RFC 6455). The rules of frames are in test/conformance/; docs/reference/conformance.md lists them all.
import type { WebSocketPeer } from "vaiven/websocket";
import { describe, expect, it } from "vitest";
import { inTime, once, until } from "../support/waiting.js";
import { CLOSE_1000, echoServer, HANDSHAKE_LINES, masked, Raw } from "./websocket-stage.js";

const SAMPLE_ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const without = (name: string): string[] => HANDSHAKE_LINES.filter((line) => !line.startsWith(name));

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
    ["9.1", "an empty list of extensions", [...HANDSHAKE_LINES, "Sec-WebSocket-Extensions:"], 400],
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

  it("section 7.2.2: MUST end the TCP connection of a handshake that it refuses", async () => {
    const { port } = await echoServer();
    const raw = new Raw(port).request(without("Sec-WebSocket-Key"));
    await inTime(raw.closed, "the end of the TCP connection");
    expect(raw.text).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("section 7.1.2: the Close frame MUST have the code and the reason that were given", async () => {
    const { port, server } = await echoServer();
    const peers = once<[WebSocketPeer]>(server, "connection");
    const raw = await new Raw(port).upgraded();
    const [peer] = await peers;
    peer.close(4001, "enough");
    await until(() => raw.received.length >= 10, "a Close frame");
    expect(raw.received.toString("latin1")).toBe("\x88\x08\x0f\xa1enough");
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

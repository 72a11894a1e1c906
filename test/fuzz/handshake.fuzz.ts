// Any text as the headers of an opening handshake: answered or refused by the server, verified or refused by the client
// (RFC 6455 section 10.7, "Incoming data MUST always be validated").
import { VaivenError } from "../../src/errors.js";
import { deflateSettings } from "../../src/frame/deflate.js";
import { formatExtensions, parseExtensions } from "../../src/frame/extension.js";
import { offerHandshake, verifyHandshake } from "../../src/frame/handshake-client.js";
import { answerHandshake, formatAnswer } from "../../src/frame/handshake-server.js";
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";
import type { FuzzTarget } from "./fuzz-target.js";

const seed = (...lines: string[]): Uint8Array => Uint8Array.from(Buffer.from(lines.join("\n"), "latin1"));
const deflate = deflateSettings();
const offer = offerHandshake(nodeBytePrimitives, { protocols: ["chat"], deflate });

export const target: FuzzTarget = {
  name: "handshake",
  separator: 0x0a,
  seeds: [
    seed(
      "host: a",
      "upgrade: websocket",
      "connection: Upgrade",
      "sec-websocket-version: 13",
      "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ),
    seed("connection: keep-alive, upgrade", "sec-websocket-extensions: permessage-deflate; client_max_window_bits"),
    seed(
      'sec-websocket-extensions: foo; bar="b\\az", permessage-deflate; server_max_window_bits=10',
      "sec-websocket-protocol: chat, b",
    ),
    seed("sec-websocket-protocol: chat", "upgrade: WebSocket", "connection: Upgrade", "sec-websocket-accept: x"),
  ],
  run(input) {
    const headers = new Map<string, string>();
    for (const line of Buffer.from(input).toString("latin1").split("\n")) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      const before = headers.get(name);
      const value = line.slice(colon + 1).trim();
      headers.set(name, before === undefined ? value : `${before}, ${value}`);
    }
    const header = (name: string): string | undefined => headers.get(name);
    const answer = answerHandshake({ method: "GET", httpVersion: "1.1", header }, nodeBytePrimitives, {
      selectProtocol: ([first]) => first,
      deflate,
    });
    if (
      !/^HTTP\/1\.1 \d+ [\x20-\x7e]*\r\n(?:[!-9;-~]+: [\x20-\x7e]*\r\n)+\r\n[\x20-\x7e]*$/.test(formatAnswer(answer))
    ) {
      throw new Error(`a malformed answer: ${formatAnswer(answer)}`);
    }
    const accept = headers.get("sec-websocket-accept") === "x" ? offer.expectedAccept : undefined;
    try {
      verifyHandshake(offer, {
        status: 101,
        header: (name) => (name === "sec-websocket-accept" ? accept : header(name)),
      });
    } catch (error) {
      if (!(error instanceof VaivenError) || !error.code.startsWith("HANDSHAKE_")) throw error;
    }
    const extensions = parseExtensions(headers.get("sec-websocket-extensions"));
    if (
      extensions !== undefined &&
      JSON.stringify(parseExtensions(formatExtensions(extensions) || undefined)) !== JSON.stringify(extensions)
    ) {
      throw new Error("written extensions read differently");
    }
  },
};

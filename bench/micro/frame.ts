// The frame stage by itself: reading and writing what a busy server reads and writes.
import { bench, do_not_optimize } from "mitata";
import { WebSocketConnection } from "../../src/frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../../src/frame/contract.js";
import { FrameEncoder } from "../../src/frame/encoder.js";
import { FIN, headerBytes, MASK, OPCODE_TEXT, writeHeader } from "../../src/frame/header.js";
import { applyMask, isAscii } from "../../src/frame/mask.js";
import { connectionProfile } from "../../src/frame/profile.js";
import { advanceUtf8, UTF8_COMPLETE } from "../../src/frame/utf8.js";
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";
import { nodeCompression } from "../../src/node/zlib.js";
import type { Micro } from "./run.js";

class Counter implements ConnectionSink, ConnectionOutput {
  readonly isCongested = false;
  count = 0;

  onText(text: string): void {
    this.count += text.length;
  }

  onBinary(bytes: Uint8Array): void {
    this.count += bytes.length;
  }

  onError(error: Error): void {
    throw error;
  }

  onClose(): void {}
  write(): void {}
  end(): void {}
  resumed(): void {}
}

const client = new FrameEncoder(nodeBytePrimitives, true);
const server = new FrameEncoder(nodeBytePrimitives, false);
const BODY = '42["message","32 bytes of text go here"]';

/** The decoder unmasks in place: every round needs the wire bytes again, so that the copy is measured by itself as well. */
function reading(name: string, role: "server" | "client", frame: Uint8Array, repeats: number): void {
  const wire = Buffer.concat(Array.from({ length: repeats }, () => frame));
  const chunk = Buffer.from(wire);
  const counter = new Counter();
  const profile = connectionProfile({ role, primitives: nodeBytePrimitives });
  const connection = new WebSocketConnection(profile, counter, counter);
  bench(name, () => {
    chunk.set(wire);
    connection.receive(chunk);
  });
  bench(`${name}: the copy alone`, () => {
    chunk.set(wire);
  });
}

/** What a browser's clients write and read most. */
const CHAT =
  '42["message",{"room":"general","from":"ana","text":"¿nos vemos a las ocho en la plaza?","at":1732440000000}]';

function deflating(name: string, message: Uint8Array): void {
  const options = { windowBits: 15, keepContext: false, level: 1, memoryLevel: 4 };
  const deflater = nodeCompression.createDeflater(options);
  const inflater = nodeCompression.createInflater(options);
  const never = (): void => {
    throw new Error("small messages are compressed synchronously");
  };
  const compressed = Buffer.from(deflater.deflate(message, never) ?? []);
  bench(`deflates ${name} (${message.length} bytes to ${compressed.length})`, () =>
    do_not_optimize(deflater.deflate(message, never)),
  );
  bench(`inflates ${name}`, () => do_not_optimize(inflater.inflate(compressed, 1_000_000, never)));
}

export const frame: Micro = {
  header: () => {
    const target = new Uint8Array(14);
    for (const length of [32, 1000, 100_000]) {
      bench(`writes one for ${length} bytes`, () =>
        do_not_optimize(writeHeader(target, 0, FIN | OPCODE_TEXT, MASK, length)),
      );
    }
    bench("tells the size of one", () => do_not_optimize(headerBytes(MASK | 126)));
  },
  decoder: () => {
    reading("a server reads 1 small text", "server", client.textFrameOf(BODY), 1);
    reading("a server reads 16 small texts", "server", client.textFrameOf(BODY), 16);
    reading(
      "a server reads 16 small texts beyond ASCII",
      "server",
      client.textFrameOf(BODY.replace("text", "téxt")),
      16,
    );
    reading("a server reads 1 binary of 60 KB", "server", client.frameOf(0x82, Buffer.alloc(60_000)), 1);
    reading("a client reads 1 small text, unmasked", "client", server.textFrameOf(BODY), 1);
    reading("a client reads 16 small texts, unmasked", "client", server.textFrameOf(BODY), 16);
  },
  encoder: () => {
    const target = Buffer.allocUnsafe(65_536);
    const writing = (name: string, encoder: FrameEncoder, text: string): void => {
      bench(name, () => {
        let at = 0;
        for (let index = 0; index < 16; index++) at = encoder.writeTextFrame(text, target, at);
        do_not_optimize(at);
      });
    };
    writing("16 small texts into one buffer", server, BODY);
    writing("16 small texts beyond ASCII into one buffer", server, CHAT);
    writing("16 small texts, masked, into one buffer", client, BODY);
    bench("1 small text as a frame by itself", () => do_not_optimize(server.textFrameOf(BODY)));
  },
  mask: () => {
    for (const size of [32, 128, 192, 256, 1024, 65_536]) {
      const bytes = new Uint8Array(size + 6);
      bench(`${size} bytes`, () => do_not_optimize(applyMask(bytes, 6, size + 6, 0x12345678)));
    }
  },
  utf8: () => {
    const chat = Buffer.from(CHAT);
    const long = Buffer.from(CHAT.repeat(100));
    for (const [name, bytes] of [
      ["a chat message", chat],
      ["a hundred of them", long],
    ] as const) {
      bench(`checks ${name} (${bytes.length} bytes)`, () =>
        do_not_optimize(advanceUtf8(UTF8_COMPLETE, bytes, 0, bytes.length, nodeBytePrimitives)),
      );
      bench(`looks whether ${name} is ASCII`, () => do_not_optimize(isAscii(bytes, 0, bytes.length)));
    }
    const ascii = Buffer.from(BODY);
    bench("decodes a short text of ASCII", () =>
      do_not_optimize(nodeBytePrimitives.readText(ascii, 0, ascii.length, true)),
    );
    bench("decodes a chat message", () => do_not_optimize(nodeBytePrimitives.readText(chat, 0, chat.length, false)));
  },
  deflate: () => {
    deflating("a chat message", Buffer.from(CHAT));
    deflating("twenty of them", Buffer.from(CHAT.repeat(20)));
  },
};

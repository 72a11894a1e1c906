// The frame stage by itself: reading and writing what a busy server reads and writes. `npx tsx bench/micro/frame.ts`
import { bench, do_not_optimize, group, run } from "mitata";
import { WebSocketConnection } from "../../src/frame/connection.js";
import type { ConnectionOutput, ConnectionSink } from "../../src/frame/contract.js";
import { FrameEncoder } from "../../src/frame/encoder.js";
import { applyMask } from "../../src/frame/mask.js";
import { connectionProfile } from "../../src/frame/profile.js";
import { nodeBytePrimitives } from "../../src/node/byte-primitives.js";

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

group("a server reads", () => {
  reading("1 small text", "server", client.textFrameOf(BODY), 1);
  reading("16 small texts", "server", client.textFrameOf(BODY), 16);
  reading("16 small texts beyond ASCII", "server", client.textFrameOf(BODY.replace("text", "téxt")), 16);
  reading("1 binary of 60 KB", "server", client.frameOf(0x82, Buffer.alloc(60_000)), 1);
});

group("a client reads", () => {
  reading("1 small text, unmasked", "client", server.textFrameOf(BODY), 1);
  reading("16 small texts, unmasked", "client", server.textFrameOf(BODY), 16);
});

group("writing", () => {
  const target = Buffer.allocUnsafe(65_536);
  bench("16 small texts into one buffer", () => {
    let at = 0;
    for (let index = 0; index < 16; index++) {
      at = server.writeTextFrame(BODY, target, at);
    }
    do_not_optimize(at);
  });
  bench("16 small texts, masked, into one buffer", () => {
    let at = 0;
    for (let index = 0; index < 16; index++) {
      at = client.writeTextFrame(BODY, target, at);
    }
    do_not_optimize(at);
  });
  bench("1 small text as a frame by itself", () => do_not_optimize(server.textFrameOf(BODY)));
});

group("unmasking", () => {
  for (const size of [32, 128, 192, 256, 1024, 65_536]) {
    const bytes = new Uint8Array(size + 6);
    bench(`${size} bytes`, () => do_not_optimize(applyMask(bytes, 6, size + 6, 0x12345678)));
  }
});

void run();

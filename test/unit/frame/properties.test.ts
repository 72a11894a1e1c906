import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeflateAgreement } from "../../../src/frame/deflate.js";
import { frameHex, fromHex, Recorded, toHex } from "./recorder.js";

interface Message {
  readonly isText: boolean;
  readonly bytes: Uint8Array;
  /** Where the payload is cut into fragments. */
  readonly cuts: readonly number[];
  /** A ping before each fragment but the first. */
  readonly pings: boolean;
}

const message: fc.Arbitrary<Message> = fc
  .record({
    isText: fc.boolean(),
    text: fc.oneof(
      fc.string({ unit: "binary", maxLength: 400 }),
      fc.string({ maxLength: 400 }),
      fc.constant("é".repeat(300)),
    ),
    cuts: fc.array(fc.nat(500), { maxLength: 4 }),
    pings: fc.boolean(),
  })
  .map(({ isText, text, cuts, pings }) => ({ isText, bytes: new Uint8Array(Buffer.from(text, "utf8")), cuts, pings }));

function framesOf({ isText, bytes, cuts, pings }: Message, masked: boolean): string {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let hex = "";
  let start = 0;
  for (const [index, end] of ends.entries()) {
    const fin = index === ends.length - 1 ? 0x80 : 0;
    const opcode = index > 0 ? 0 : isText ? 1 : 2;
    hex +=
      (pings && index > 0 ? frameHex(0x89, "p", masked) : "") +
      frameHex(fin | opcode, bytes.subarray(start, end), masked);
    start = end;
  }
  return hex;
}

const eventOf = ({ isText, bytes }: Message): string =>
  isText ? `text ${Buffer.from(bytes).toString("utf8")}` : `binary ${toHex(bytes)}`;

/** Hands `wire` over in pieces of the given sizes, again and again. */
function chop(recorded: Recorded, wire: Uint8Array, sizes: readonly number[]): void {
  let at = 0;
  for (let index = 0; at < wire.length; index++) {
    const size = sizes[index % sizes.length]!;
    recorded.connection.receive(wire.slice(at, at + size));
    at += size;
  }
}

const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 700 })), {
  minLength: 1,
  maxLength: 8,
});

describe("framing, chopping and reading", () => {
  it("is the identity in both roles, with fragments and control frames between them", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 6 }), sizes, fc.boolean(), (messages, chunkSizes, isServer) => {
        const recorded = new Recorded({ role: isServer ? "server" : "client" });
        chop(recorded, fromHex(messages.map((each) => framesOf(each, isServer)).join("")), chunkSizes);
        expect(recorded.events.filter((event) => event !== "ping 70")).toEqual(messages.map(eventOf));
        const pings = messages.reduce((sum, { pings, cuts }) => sum + (pings ? cuts.length : 0), 0);
        expect(recorded.events).toHaveLength(messages.length + pings);
      }),
    );
  });

  it("is the identity through compression, whatever was agreed on", () => {
    const agreement: fc.Arbitrary<DeflateAgreement> = fc.record({
      serverNoContextTakeover: fc.boolean(),
      clientNoContextTakeover: fc.boolean(),
      serverMaxWindowBits: fc.integer({ min: 8, max: 15 }),
      clientMaxWindowBits: fc.integer({ min: 8, max: 15 }),
    });
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 6 }),
        sizes,
        agreement,
        fc.boolean(),
        (messages, chunkSizes, agreed, fromClient) => {
          const deflate = { threshold: 30 };
          const sender = new Recorded({ role: fromClient ? "client" : "server", agreement: agreed, deflate });
          const receiver = new Recorded({ role: fromClient ? "server" : "client", agreement: agreed, deflate });
          for (const { isText, bytes } of messages) {
            if (isText) sender.connection.sendText(Buffer.from(bytes).toString("utf8"));
            else sender.connection.sendBinary(bytes);
          }
          sender.connection.close(1000);
          chop(receiver, fromHex(sender.frames.join("")), chunkSizes);
          expect(receiver.events).toEqual([...messages.map(eventOf), 'close 1000 "" clean']);
        },
      ),
    );
  });
});

describe("arbitrary bytes", () => {
  it("end in acceptance or in one documented error with its close code, the same however they are chopped", () => {
    const bytes = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 12 }),
        fc
          .constantFrom("8180", "8185", "0180", "8080", "8980", "8882", "82fe", "81ff0000", "c18100000000", "00000000")
          .map(fromHex),
      ),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(bytes, sizes, fc.boolean(), (parts, chunkSizes, isServer) => {
        const wire = new Uint8Array(Buffer.concat(parts));
        const role = isServer ? "server" : "client";
        const whole = new Recorded({ role });
        whole.connection.receive(wire.slice());
        const chopped = new Recorded({ role });
        chop(chopped, wire, chunkSizes);
        expect(chopped.events).toEqual(whole.events);
        const errors = whole.events.filter((event) => event.startsWith("error "));
        expect(errors.length).toBeLessThanOrEqual(1);
        if (errors.length === 1) {
          expect(errors[0]).toMatch(/^error FRAME_/);
          expect(whole.events.at(-1)).toMatch(/^close 10(02|07|08|09) "" unclean$/);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

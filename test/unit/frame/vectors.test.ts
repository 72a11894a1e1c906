import { describe, expect, it } from "vitest";
import vectors from "../../vectors/frames.json" with { type: "json" };
import { fromHex, Recorded } from "./recorder.js";

describe("the frame vectors", () => {
  for (const { name, role, hex, events } of vectors) {
    it(`reads in one chunk: ${name}`, () => {
      const recorded = new Recorded({ role: role as "server" | "client" });
      recorded.receive(hex);
      expect(recorded.events).toEqual(events);
    });

    it(`reads byte by byte: ${name}`, () => {
      const recorded = new Recorded({ role: role as "server" | "client" });
      for (const byte of fromHex(hex)) recorded.connection.receive(new Uint8Array([byte]));
      expect(recorded.events).toEqual(events);
    });
  }
});

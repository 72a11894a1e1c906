import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";
import { base64Messages, type MessageForm, PROTOCOL_3_MESSAGES } from "../../../src/packet/message-form.js";
import { Outgoing, type WirePacket } from "../../../src/packet/outgoing.js";
import { FakePlatform } from "../../support/fake-platform.js";

const platform = new FakePlatform();
const shown = (part: WirePacket): string => (typeof part === "string" ? part : Buffer.from(part).toString("hex"));
const partsOf = ({ head, rest = [] }: Outgoing): string[] => [head, ...rest].map(shown);

const FORMS: Record<string, MessageForm> = {
  "protocol 3": PROTOCOL_3_MESSAGES,
  "protocol 3 as text": base64Messages(3, platform),
  "protocol 4 as text": base64Messages(4, platform),
};

describe("message forms", () => {
  it.each([
    ["protocol 3", "04010203"],
    ["protocol 3 as text", "b4AQID"],
    ["protocol 4 as text", "bAQID"],
  ])("write bytes as %s has them", (name, expected) => {
    const packet = new Outgoing("451-[0]", [Uint8Array.of(1, 2, 3)], { compress: false, volatile: true });
    const written = FORMS[name]?.write(packet) as Outgoing;
    expect(partsOf(written)).toEqual(["451-[0]", expected]);
    expect([written.compress, written.volatile, written.shared]).toEqual([false, true, false]);
  });

  it("leave packets of text alone", () => {
    const packet = new Outgoing("42[1]");
    for (const form of Object.values(FORMS)) expect(form.write(packet)).toBe(packet);
  });

  it("write a packet of protocol 3 once for all who receive it", () => {
    const packet = new Outgoing(Uint8Array.of(7));
    packet.shared = true;
    const written = PROTOCOL_3_MESSAGES.write(packet);
    expect(PROTOCOL_3_MESSAGES.write(packet)).toBe(written);
    expect(written.shared).toBe(true);
  });

  it("read what they wrote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        for (const form of Object.values(FORMS)) {
          const { head } = form.write(new Outgoing(bytes));
          const read = typeof head === "string" ? form.readText(head) : form.readBytes(head);
          expect(shown(read as Uint8Array)).toBe(shown(bytes));
        }
      }),
    );
  });

  it.each([
    ["protocol 3", "b2AQID"],
    ["protocol 3", "b4A"],
    ["protocol 3 as text", "bAQID"],
    ["protocol 4 as text", "bA*ID"],
  ])("refuse, as %s, the text %s", (name, text) => {
    expect(FORMS[name]?.readText(text)).toBeInstanceOf(VaivenError);
  });

  it("take texts that begin with another letter as packets", () => {
    for (const form of Object.values(FORMS)) expect(form.readText("4b")).toBeUndefined();
  });
});

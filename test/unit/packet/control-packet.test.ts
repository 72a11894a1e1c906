import { describe, expect, it } from "vitest";
import { PacketReader as BrowserPacketReader } from "../../../src/browser/packet-codec.js";
import type { VaivenError } from "../../../src/errors.js";
import {
  CAPABILITIES,
  Capability,
  type ControlMessage,
  capabilitiesOf,
  controlOf,
  encodeControl,
} from "../../../src/packet/control-packet.js";
import { PacketReader } from "../../../src/packet/packet-reader.js";
import { PacketType, type SocketPacket } from "../../../src/packet/socket-packet.js";

const ALL = capabilitiesOf([...CAPABILITIES.keys()]);
const control = (...data: unknown[]): SocketPacket => ({ type: PacketType.CONTROL, nsp: "/", data });

function reader(isOurs: boolean): PacketReader {
  const made = new PacketReader({ maxAttachments: 4, maxAttachmentBytes: 100 });
  made.control = isOurs;
  return made;
}

function codeOf(fn: () => unknown): string | undefined {
  try {
    fn();
    return undefined;
  } catch (error) {
    return (error as VaivenError).code;
  }
}

describe("control packets", () => {
  const messages: [string, ControlMessage, string][] = [
    ["/", ["return", 1500], '47["return",1500]'],
    ["/admin", ["refresh"], '47/admin,["refresh"]'],
    ["/a[b", ["refresh", { token: "t" }], '47/a[b,["refresh",{"token":"t"}]'],
    [
      "/",
      ["ack-error", 7, { name: "TypeError", message: "no", code: "E" }],
      '47["ack-error",7,{"name":"TypeError","message":"no","code":"E"}]',
    ],
  ];
  for (const [nsp, message, text] of messages) {
    it(`are written and read as documented: ${text}`, () => {
      const { head, rest } = encodeControl(nsp, message);
      expect([head, rest]).toEqual([text, undefined]);
      const packet = reader(true).readText(text, 1) as SocketPacket;
      expect(packet).toEqual({ type: 7, nsp, data: message });
      expect(controlOf(packet, ALL)).toEqual(message);
      const browser = new BrowserPacketReader();
      browser.takesControl = true;
      expect(browser.readMessage(text.slice(1))).toEqual(packet);
    });
  }

  it("are an unknown type to a reader that was not told of them", () => {
    expect(codeOf(() => reader(false).readText('7["refresh"]', 0))).toBe("PACKET_UNKNOWN_TYPE");
    expect(codeOf(() => new BrowserPacketReader().readMessage('7["refresh"]'))).toBe("PACKET_INVALID_PAYLOAD");
    expect(codeOf(() => reader(true).readText('8["refresh"]', 0))).toBe("PACKET_UNKNOWN_TYPE");
  });

  for (const text of [
    "7",
    "7/",
    "7/,",
    "7/a",
    '7/a["x"]',
    '712["x"]',
    '7a,["x"]',
    '7/a,1["x"]',
    "7{}",
    "7[]",
    "7[1]",
  ]) {
    it(`are refused in another form: ${text}`, () => {
      expect(codeOf(() => reader(true).readText(text, 0))).toBe("PACKET_INVALID_PAYLOAD");
    });
  }

  for (const count of ["07", "", "-1", "1.5", "1e3", " 7", "9007199254740993", '"7"', "7,8", "true"]) {
    it(`mean what JSON means: ["received",${count}]`, () => {
      const text = `7["received",${count}]`;
      let data: unknown;
      try {
        data = JSON.parse(text.slice(1));
      } catch {
        expect(codeOf(() => reader(true).readText(text, 0))).toBe("PACKET_INVALID_JSON");
        return;
      }
      expect(reader(true).readText(text, 0)).toEqual({ type: 7, nsp: "/", data });
    });
  }

  it("are refused with broken JSON, and between a header and its attachments", () => {
    expect(codeOf(() => reader(true).readText('7["refresh"', 0))).toBe("PACKET_INVALID_JSON");
    const inTheMiddle = reader(true);
    inTheMiddle.readText('51-["e",{"_placeholder":true,"num":0}]', 0);
    expect(codeOf(() => inTheMiddle.readText('7["refresh"]', 0))).toBe("PACKET_ATTACHMENT_MISSING");
  });
});

describe("the message of a control packet", () => {
  it("is none where its capability was not agreed on", () => {
    expect(controlOf(control("refresh"), ALL & ~Capability.REFRESH)).toBeUndefined();
    expect(controlOf(control("return", 1), ALL & ~Capability.DRAIN)).toBeUndefined();
    expect(controlOf(control("ack-error", 1, { name: "", message: "" }), 0)).toBeUndefined();
  });

  const wrong: unknown[][] = [
    ["later"],
    ["__proto__"],
    ["return"],
    ["return", "1"],
    ["return", -1],
    ["ack-error", -1, { name: "", message: "" }],
    ["ack-error", 1.5, { name: "", message: "" }],
    ["ack-error", 1, null],
    ["ack-error", 1, { name: 1, message: "" }],
    ["ack-error", 1, { name: "" }],
    ["ack-error", 1, { name: "", message: "", code: {} }],
  ];
  for (const data of wrong) {
    it(`is none in another form: ${JSON.stringify(data)}`, () => {
      expect(controlOf(control(...data), ALL)).toBeUndefined();
    });
  }
});

describe("capabilities", () => {
  it("are bits of their own, found by their names; unknown names are nothing", () => {
    expect(capabilitiesOf(["drain", "later", "__proto__", "drain"])).toBe(Capability.DRAIN);
    const bits = [...CAPABILITIES.values()];
    expect(bits.reduce((sum, bit) => sum + bit, 0)).toBe(ALL);
    expect(new Set(Object.values(Capability))).toEqual(new Set(bits));
  });
});

// What a server that means harm can say to our client: nothing of it throws into the program, fires a timer at once, or grows memory without limit.
import { describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { scene } from "./scripted-host.js";

const openWith = (fields: object): string =>
  `0${JSON.stringify({ sid: "engine", upgrades: [], pingInterval: 25_000, pingTimeout: 20_000, ...fields })}`;
const OURS = openWith({ vaiven: { v: 1, caps: ["ack-errors", "drain", "refresh", "delivery"] } });
const HOSTILE: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  "",
  "text",
  [],
  [[]],
  {},
  { toString: 1, valueOf: 1 },
  { __proto__: null, constructor: 1 },
];

describe("an open packet that means harm", () => {
  for (const fields of [
    ...[null, 7, true, [], {}, undefined].map((sid) => ({ sid })),
    ...[null, -1, "25000", true, [], {}].map((pingInterval) => ({ pingInterval })),
    ...[null, -1, "20000", true, [], {}].map((pingTimeout) => ({ pingTimeout })),
  ]) {
    it(`is refused as a handshake: ${JSON.stringify(fields)}`, () => {
      const { manager, last } = scene();
      const errors: unknown[] = [];
      const made = manager({ reconnection: false });
      made.on("error", (error) => errors.push(error));
      last().accept(openWith(fields));
      expect(errors).toMatchObject([{ code: "SESSION_HANDSHAKE_INVALID" }]);
      expect(last().ended).toBe(true);
    });
  }

  for (const text of ["0", "0null", "0[]", "07", '0"text"', "0{", "<html>", "4", "1", "3", "\u0000"]) {
    it(`that is none is refused: ${JSON.stringify(text)}`, () => {
      const { manager, last } = scene();
      const errors: unknown[] = [];
      manager({ reconnection: false }).on("error", (error) => errors.push(error));
      last().accept(text);
      expect(errors).toHaveLength(1);
      expect(last().ended).toBe(true);
    });
  }

  for (const fields of [
    ...HOSTILE.filter((value) => value !== 1.5).map((maxPayload) => ({ maxPayload })),
    ...HOSTILE.map((upgrades) => ({ upgrades })),
    ...HOSTILE.map((vaiven) => ({ vaiven })),
    ...HOSTILE.flatMap((value) => [{ vaiven: { v: value, caps: [value] } }, { vaiven: { v: 1, caps: value } }]),
  ]) {
    it(`has fields that are taken or left: ${JSON.stringify(fields)}`, () => {
      const { socket, last, receive } = scene();
      const connecting = socket({}, false);
      last().accept(openWith(fields));
      receive('40{"sid":"s1"}');
      expect(connecting.connected).toBe(true);
    });
  }

  it("that takes nothing refuses even CONNECT, which is told", () => {
    const { socket, last, platform } = scene();
    const connecting = socket({ reconnection: false }, false);
    const errors: unknown[] = [];
    connecting.on("connect_error", (error) => errors.push(error));
    last().accept(openWith({ maxPayload: 1.5 }));
    platform.settle();
    expect(errors).toMatchObject([{ code: "PACKET_TOO_BIG" }]);
    expect(connecting.active).toBe(false);
  });

  it("of 10 MB is read", () => {
    const { socket, last, receive } = scene();
    const connecting = socket({}, false);
    last().accept(
      openWith({ filler: "x".repeat(10_000_000), upgrades: Array.from({ length: 10_000 }, () => "websocket") }),
    );
    receive('40{"sid":"s1"}');
    expect(connecting.connected).toBe(true);
  });

  for (const longest of [2 ** 31, 1e12, 1e308]) {
    it(`sets no timer beyond the longest one: a heartbeat of ${longest} ms`, () => {
      const { socket, last, receive, platform } = scene();
      const connecting = socket({}, false);
      last().accept(openWith({ pingInterval: longest, pingTimeout: longest }));
      receive('40{"sid":"s1"}');
      platform.advance(60_000);
      expect(connecting.connected).toBe(true);
    });
  }
});

describe("a packet that means harm", () => {
  const packets = [
    ...HOSTILE.map((value) => `40${JSON.stringify(value)}`),
    ...HOSTILE.flatMap((value) =>
      ["sid", "pid", "vaiven"].map((name) => `40${JSON.stringify({ sid: "s1", [name]: value })}`),
    ),
    ...HOSTILE.flatMap((value) =>
      ["keep", "pid", "received", "lost"].map(
        (name) => `40${JSON.stringify({ sid: "s1", vaiven: { keep: 1000, pid: "p", [name]: value } })}`,
      ),
    ),
    ...HOSTILE.map((value) => `44${JSON.stringify(value)}`),
    ...HOSTILE.flatMap((value) => [
      `44${JSON.stringify({ message: value })}`,
      `44${JSON.stringify({ message: "m", data: value })}`,
    ]),
    ...HOSTILE.flatMap((value) => [
      `42${JSON.stringify([value])}`,
      `42${JSON.stringify(["name", value])}`,
      `42${JSON.stringify(value)}`,
    ]),
    ...HOSTILE.map((value) => `4399${JSON.stringify(value)}`),
    "430[]",
    "4399[]",
    "43999999999999999[]",
    "4299999999999999999999[]",
    '42["__proto__",1]',
    '42["constructor"]',
    '42["connect"]',
    '42["disconnect"]',
    "42[]",
    "42",
    "45",
    "451-",
    '451-["a",{"_placeholder":true,"num":0}]',
    '45999999999-["a"]',
    "46",
    "461-1[]",
    "41",
    "41/other,",
    "40/other,",
    '40/other,{"sid":"x"}',
    '42/other,["a"]',
    "48",
    "4",
    "5",
    "6",
    "3",
    "7",
    `42${"[".repeat(100_000)}`,
    `42["deep",${"[".repeat(50_000)}${"]".repeat(50_000)}]`,
    ...["ack-error", "return", "refresh", "lapsed", "received", "skip", "confirm", "unknown", "__proto__"].flatMap(
      (kind) => [
        `47${JSON.stringify([kind])}`,
        ...HOSTILE.flatMap((value) => [`47${JSON.stringify([kind, value])}`, `47${JSON.stringify([kind, 0, value])}`]),
      ],
    ),
    "47",
    "47[]",
    "47[1]",
    "47{}",
    "47/other",
    '47/other,["return",1]',
  ];

  for (const state of ["before it is connected", "when it is connected"]) {
    for (const server of ["a stock server", "a server of ours", "a server of ours that delivers"]) {
      it(`throws nothing into the program of ${server} ${state}`, () => {
        for (const packet of packets) {
          const { socket, last, receive, platform } = scene();
          const options = { reconnection: false, ...(server.endsWith("delivers") && { delivery: delivery() }) };
          const victim = socket(options, false);
          victim.onAny(() => {});
          victim.emit("ask", () => {});
          last().accept(server.startsWith("a server of ours") ? OURS : openWith({}));
          if (state === "when it is connected") receive('40{"sid":"s1","vaiven":{"pid":"p","keep":1000}}');
          // What a guarded call throws is thrown again when the turn ends: here.
          expect(() => receive(packet), packet.slice(0, 100)).not.toThrow();
          expect(() => platform.advance(1000), packet.slice(0, 100)).not.toThrow();
          expect(typeof victim.id === "string" || victim.id === undefined, packet.slice(0, 100)).toBe(true);
        }
      });
    }
  }

  it("has the answer to no question: ids that nobody waits for are nothing", () => {
    const { socket, receive } = scene();
    const victim = socket();
    receive(...Array.from({ length: 1000 }, (_, id) => `43${id}["answer"]`));
    expect(victim.connected).toBe(true);
  });
});

describe("a flood", () => {
  it("of events before the namespace is joined ends as a parse error", () => {
    const { socket, last, receive } = scene();
    const victim = socket({ reconnection: false }, false);
    const ends: unknown[] = [];
    victim.io.on("close", (reason, details) => ends.push(reason, details));
    last().accept();
    for (let round = 0; round < 20; round++) receive(...Array.from({ length: 1000 }, () => '42["early"]'));
    expect(ends).toMatchObject(["parse error", { code: "SESSION_UNEXPECTED_PACKET" }]);
    expect(victim.receiveBuffer).toHaveLength(0);
  });

  it("of pings to which the server does not read the answers leaves one of them waiting", () => {
    const { socket, last, receive } = scene();
    const victim = socket();
    last().writable = false;
    for (let n = 0; n < 10_000; n++) receive("2");
    expect(victim.io.engine.bufferedAmount).toBe(1);
    last().writable = true;
    last().sink.onWritable();
    expect(last().sent.length).toBeLessThanOrEqual(1);
  });

  it("of namespaces that nobody asked for is not answered", () => {
    const { socket, receive, sent } = scene();
    const victim = socket();
    receive(...Array.from({ length: 1000 }, (_, n) => `40/n${n},{"sid":"x"}`));
    expect(sent()).toEqual([]);
    expect(victim.connected).toBe(true);
  });
});

describe("a return time that means harm", () => {
  for (const ms of [-1, null, "soon", 1e308, {}]) {
    it(`does not keep the client away, nor make it hurry: ${JSON.stringify(ms)}`, () => {
      const { socket, last, receive, platform, transports } = scene();
      socket({}, false);
      last().accept(OURS);
      receive('40{"sid":"s1"}', `47["return",${JSON.stringify(ms)}]`);
      last().fail(undefined as never);
      platform.advance(100);
      expect(transports).toHaveLength(1);
      platform.advance(3_600_000);
      expect(transports.length).toBeGreaterThan(1);
    });
  }
});

// Interop: what an attacker does with packets, and with names and keys that mean something to JavaScript. A witness is served throughout.
import { describe, expect, it } from "vitest";
import { socketOf, target } from "../support/attack-target.js";
import { attackOverWebSocket } from "../support/attacker.js";
import { dial, openWebSocket, type RawWebSocket } from "../support/raw-client.js";
import { once, until } from "../support/waiting.js";

describe("names and keys that mean something to JavaScript", () => {
  const NAMES = ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "error", "valueOf", "then", ""];

  it("are events like any other, with a listener and without", async () => {
    const { port, io, ends, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    await raw.join();
    const socket = await arrival;
    for (const name of NAMES) raw.send(`42${JSON.stringify([name, 1])}`);
    raw.send('420["ping?"]');
    expect(await raw.text()).toBe('430["pong"]');
    const heard: unknown[] = [];
    for (const name of NAMES) socket.on(name, (value: unknown) => heard.push([name, value]));
    for (const name of NAMES) raw.send(`42${JSON.stringify([name, 2])}`);
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    expect(heard).toEqual(NAMES.map((name) => [name, 2]));
    expect(ends).toEqual([]);
    raw.close();
    await isServed();
  });

  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    it(`a client cannot send the library's own event ${name}`, async () => {
      const { port, ends, isServed, isAlone } = await target();
      const { raw } = await openWebSocket(port);
      await raw.join();
      raw.send(`42["${name}","forged"]`);
      expect(await raw.closed).toEqual({ code: 1002, reason: "PACKET_RESERVED_EVENT" });
      await isAlone();
      expect(ends).toEqual(["PACKET_RESERVED_EVENT"]);
      await isServed();
    });
  }

  it("are rooms and namespaces like any other", async () => {
    const { port, io, isServed } = await target();
    io.on("connection", (socket) => {
      socket.on("join", (room: string) => void socket.join(room));
    });
    io.of((_name, _auth, next) => next(null, true));
    const { raw } = await openWebSocket(port);
    await raw.join();
    for (const name of NAMES.filter((each) => each !== "")) {
      raw.send(`42${JSON.stringify(["join", name])}`);
      raw.send(`40/${name},`);
      expect(await raw.text()).toMatch(`40/${name},{"sid"`);
      expect([...(await io.in(name).fetchSockets())]).toHaveLength(1);
      io.to(name).emit("to", name);
      expect(await raw.text()).toBe(`42["to",${JSON.stringify(name)}]`);
    }
    expect(io.of("/").adapter.rooms.get("__proto__")?.size).toBe(1);
    raw.close();
    await isServed();
  });

  it("reach no prototype from JSON, in events, auth, acknowledgements and attachments", async () => {
    const { port, io, isServed } = await target();
    const evil = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}';
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    raw.send(`40${evil}`);
    await raw.text();
    const socket = await arrival;
    const heard = once<[Record<string, unknown>]>(socket, "e");
    raw.send(`42["e",${evil}]`);
    const [value] = await heard;
    const answer = socket.timeout(20_000).emitWithAck("q");
    expect(await raw.text()).toBe('420["q"]');
    raw.send(`430[${evil}]`);
    await answer;
    const binary = once<[Record<string, unknown>]>(socket, "b");
    raw.send('451-["b",{"__proto__":{"_placeholder":true,"num":0},"x":{"__proto__":{"polluted":1}}}]');
    raw.send(Buffer.from("01", "hex"));
    const [withBytes] = await binary;
    expect(Object.keys(withBytes)).toEqual(["__proto__", "x"]);
    expect(Object.keys(value)).toEqual(["__proto__", "constructor"]);
    for (const object of [{}, value, withBytes, socket.handshake.auth, [], socket]) {
      expect(Object.getPrototypeOf(object)).not.toHaveProperty("polluted");
      expect("polluted" in Object(Object.getPrototypeOf(object))).toBe(false);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    raw.close();
    await isServed();
  });

  it("reach no prototype from the query and the headers", async () => {
    const { port, io, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocketAt(port, "__proto__=1&constructor=2&__proto__[x]=3&EIO=4&transport=websocket");
    await raw.join();
    const { handshake } = await arrival;
    expect(Object.entries(handshake.query).slice(0, 2)).toEqual([
      ["__proto__", "1"],
      ["constructor", "2"],
    ]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    raw.close();
    await isServed();
  });
});

async function openWebSocketAt(port: number, query: string): Promise<{ raw: RawWebSocket }> {
  const raw = await dial(port, query);
  await raw.next();
  return { raw };
}

describe("floods of packets", () => {
  it("CONNECTs for namespaces that do not exist are each refused, and nothing is kept of them", async () => {
    const { port, io, isServed } = await target();
    const { raw } = await openWebSocket(port);
    await raw.join();
    for (let n = 0; n < 5000; n++) raw.send(`40/none${n},`);
    for (let n = 0; n < 5000; n++) expect(await raw.text()).toBe(`44/none${n},{"message":"Invalid namespace"}`);
    expect(io._nsps.size).toBe(1);
    raw.close();
    await isServed();
  });

  it("CONNECTs for namespaces that a pattern makes stop at the limit, which the refusal names", async () => {
    const { port, io, isServed } = await target({ maxNamespacesPerConnection: 10, cleanupEmptyChildNamespaces: true });
    io.of(/^\/made/);
    const { raw } = await openWebSocket(port);
    for (let n = 0; n < 50; n++) raw.send(`40/made${n},`);
    const answers: string[] = [];
    while (answers.length < 50) answers.push(await raw.text());
    expect(answers.filter((text) => text.startsWith("40/"))).toHaveLength(10);
    expect(answers.filter((text) => text.includes("CONNECT_TOO_MANY_NAMESPACES"))).toHaveLength(40);
    expect(io._nsps.size).toBe(11);
    raw.close();
    await until(() => io._nsps.size === 1, "the namespaces are let go with their client");
    await isServed();
  });

  it("joining and leaving for ever leaves nothing behind", async () => {
    const { port, io, isServed } = await target();
    const { raw } = await openWebSocket(port);
    for (let n = 0; n < 3000; n++) {
      raw.send("40");
      raw.send("41");
    }
    raw.send('40{"last":true}');
    for (let n = 0; n <= 3000; n++) expect(await raw.text()).toMatch(/^40\{"sid"/);
    await isServed();
    expect(io.sockets.sockets.size).toBe(2);
    expect(io.of("/").adapter.sids.size).toBe(2);
    expect(io.of("/").adapter.rooms.size).toBe(2);
    raw.close();
  });

  it("a second CONNECT of a joined namespace closes the connection", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const { raw } = await openWebSocket(port);
    await raw.join();
    raw.send("40");
    expect(await raw.closed).toEqual({ code: 1002, reason: "SESSION_UNEXPECTED_PACKET" });
    await isAlone();
    expect(ends).toEqual(["SESSION_UNEXPECTED_PACKET"]);
    await isServed();
  });

  it("acknowledgements that nobody waits for are dropped, also those of another socket", async () => {
    const { port, io, isServed } = await target();
    const arrival = socketOf(io);
    const { raw } = await openWebSocket(port);
    await raw.join();
    const socket = await arrival;
    const [other] = [...io.sockets.sockets.values()].filter((each) => each !== socket);
    const answers: unknown[] = [];
    other?.emit("q", (...args: unknown[]) => answers.push(args));
    for (let id = 0; id < 10_000; id++) raw.send(`43${id}["forged"]`);
    raw.send("43999999999999999[]");
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    expect(socket.acks.size).toBe(0);
    expect(other?.acks.size).toBe(1);
    expect(answers).toEqual([]);
    raw.send("431234567890123456[]");
    expect(await raw.closed).toEqual({ code: 1002, reason: "PACKET_INVALID_ID" });
    await isServed();
  });

  it("one event asked to be acknowledged twice is answered once", async () => {
    const { port, io, isServed } = await target();
    io.on("connection", (socket) =>
      socket.on("twice", (answer: (n: number) => void) => {
        answer(1);
        answer(2);
      }),
    );
    const { raw } = await openWebSocket(port);
    await raw.join();
    raw.send('425["twice"]');
    raw.send('426["ping?"]');
    expect([await raw.text(), await raw.text()]).toEqual(["435[1]", '436["pong"]']);
    raw.close();
    await isServed();
  });

  it("attachments that never come are bounded by the connection's life, and by bytes and number while they come", async () => {
    const { port, ends, isServed, isAlone } = await target({ maxAttachments: 5, maxAttachmentBytes: 100_000 });
    const join = async (): Promise<RawWebSocket> => {
      const { raw } = await openWebSocket(port);
      await raw.join();
      return raw;
    };
    const many = await join();
    many.send('456-["b"]');
    expect((await many.closed).reason).toBe("PACKET_TOO_MANY_ATTACHMENTS");
    const large = await join();
    large.send('453-["b"]');
    large.send(Buffer.alloc(60_000));
    large.send(Buffer.alloc(60_000));
    expect((await large.closed).reason).toBe("PACKET_ATTACHMENTS_TOO_BIG");
    const missing = await join();
    missing.send('452-["b"]');
    missing.send(Buffer.alloc(10));
    missing.send('42["text"]');
    expect((await missing.closed).reason).toBe("PACKET_ATTACHMENT_MISSING");
    const foreign = await join();
    foreign.send('451-["b",{"_placeholder":true,"num":7}]');
    foreign.send(Buffer.alloc(10));
    expect((await foreign.closed).reason).toBe("PACKET_ATTACHMENT_MISSING");
    const unasked = await join();
    unasked.send(Buffer.alloc(10));
    expect((await unasked.closed).reason).toBe("PACKET_ATTACHMENT_UNEXPECTED");
    await isAlone();
    expect(ends).toHaveLength(5);
    await isServed();
  });

  it("JSON that is nested a hundred thousand times is read or refused, and never overflows the stack", async () => {
    const { port, ends, isServed, isAlone } = await target();
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const { raw } = await openWebSocket(port);
    await raw.join();
    raw.send(`42["unheard",${deep}]`);
    raw.send('421["ping?"]');
    expect(await raw.text()).toBe('431["pong"]');
    raw.send(`451-["unheard",${deep}]`);
    raw.send(Buffer.alloc(1));
    expect((await raw.closed).reason).toBe("PACKET_TOO_DEEP");
    await isAlone();
    expect(ends).toEqual(["PACKET_TOO_DEEP"]);
    await isServed();
  });

  it("what a client that reads nothing is sent stops at the limit of its buffer", async () => {
    const { port, io, ends, isServed, isAlone } = await target({ maxBufferedBytes: 1_000_000 });
    const arrival = socketOf(io);
    const attacker = await attackOverWebSocket(port);
    const socket = await arrival;
    attacker.stopReading();
    const chunk = "x".repeat(100_000);
    let most = 0;
    for (let n = 0; n < 1000 && socket.connected; n++) {
      socket.emit("chunk", chunk);
      most = Math.max(most, socket.bufferedAmount);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await isAlone();
    expect(most).toBeLessThan(1_300_000);
    expect(ends).toEqual(["SESSION_BUFFER_FULL"]);
    await isServed();
  });
});

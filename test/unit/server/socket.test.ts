import { describe, expect, it } from "vitest";
import type { Socket } from "../../../src/server/socket.js";
import { type FakeConnection, type MemoryServer, memoryServer } from "./fake-connection.js";

function pair(server: MemoryServer = memoryServer()): MemoryServer & { socket: Socket; connection: FakeConnection } {
  const connection = server.join();
  const socket = [...server.io.sockets.sockets.values()].pop() as Socket;
  return { ...server, socket, connection };
}

describe("an event from the client", () => {
  it("reaches its listeners with its arguments, whatever their number", () => {
    const { socket, connection } = pair();
    const seen: unknown[][] = [];
    socket.on("e", (...args) => seen.push(args));
    connection.receive('2["e"]', '2["e",1]', '2["e",1,2]', '2["e",1,2,3]', '2["e",1,2,3,4]');
    expect(seen).toEqual([[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]]);
  });

  it("with attachments arrives when the last one is there", () => {
    const { socket, connection } = pair();
    const seen: unknown[] = [];
    socket.on("e", (bytes) => seen.push(Buffer.from(bytes).toString("hex")));
    connection.receive('51-["e",{"_placeholder":true,"num":0}]');
    expect(seen).toEqual([]);
    connection.receive(new Uint8Array([1, 255]));
    expect(seen).toEqual(["01ff"]);
  });

  it("can be acknowledged once", () => {
    const { socket, connection } = pair();
    socket.on("e", (_n, ack) => {
      ack("a", { b: 1 });
      ack("again");
    });
    connection.receive('27["e",1]');
    expect(connection.take()).toEqual(['37["a",{"b":1}]']);
  });

  it("is shown to catch-all listeners before its own", () => {
    const { socket, connection } = pair();
    const seen: unknown[] = [];
    socket.on("e", () => seen.push("own"));
    socket.onAny((...event) => seen.push(["second", ...event]));
    socket.prependAny((...event) => seen.push(["first", ...event]));
    connection.receive('2["e",1]');
    expect(seen).toEqual([["first", "e", 1], ["second", "e", 1], "own"]);
    socket.offAny();
    connection.receive('2["e",1]');
    expect(seen).toHaveLength(4);
  });

  it("passes the middlewares, which may wait and refuse", () => {
    const { socket, connection } = pair();
    const seen: unknown[] = [];
    let release = (): void => {};
    socket.use(([name], next) => {
      if (name === "bad") next(new Error("refused"));
      else release = next;
    });
    socket.on("error", (error) => seen.push(error.message));
    socket.on("good", (n) => seen.push(n));
    connection.receive('2["bad"]', '2["good",1]');
    expect(seen).toEqual(["refused"]);
    release();
    expect(seen).toEqual(["refused", 1]);
  });

  it("after disconnect, in the same chunk or behind a middleware, reaches nobody", () => {
    const { socket, connection } = pair();
    let release = (): void => {};
    socket.use(([name], next) => {
      if (name === "slow") release = next;
      else next();
    });
    const seen: unknown[] = [];
    socket.on("slow", () => seen.push("slow"));
    socket.on("e", (n) => {
      seen.push(n);
      if (n === 2) socket.disconnect();
    });
    connection.receive('2["slow"]', '2["e",1]', '2["e",2]', '2["e",3]');
    release();
    expect(seen).toEqual([1, 2]);
  });
});

describe("the errors of handlers", () => {
  it("reach io.onError with event and cause, and the next packet is read", () => {
    const { socket, connection, errors } = pair();
    const cause = new Error("boom");
    const seen: unknown[] = [];
    socket.on("throws", () => {
      throw cause;
    });
    socket.on("next", () => seen.push("next"));
    connection.receive('2["throws"]', '2["next"]');
    expect(errors).toEqual([{ code: "HANDLER_FAILED", event: "throws", cause }]);
    expect(seen).toEqual(["next"]);
  });

  it("reach it from promises too", async () => {
    const { socket, connection, errors } = pair();
    const cause = new Error("later");
    socket.on("rejects", async () => {
      throw cause;
    });
    connection.receive('2["rejects"]');
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([{ code: "HANDLER_FAILED", event: "rejects", cause }]);
  });

  it("reach it from connection, disconnect, catch-all and acknowledgement callbacks", () => {
    const { io, join, errors } = memoryServer();
    const fail = (what: string) => (): never => {
      throw new Error(what);
    };
    io.on("connection", (socket) => {
      socket.on("disconnecting", fail("disconnecting"));
      socket.on("disconnect", fail("disconnect"));
      socket.onAny(fail("any"));
      socket.onAnyOutgoing(fail("outgoing"));
      socket.emit("ask", fail("ack"));
      throw new Error("connection");
    });
    const connection = join();
    connection.receive("30[]", '2["e"]', "1");
    expect(errors.map(({ cause }) => (cause as Error).message)).toEqual([
      "outgoing",
      "connection",
      "ack",
      "any",
      "disconnecting",
      "disconnect",
    ]);
  });

  it("reach it from the promises of acknowledgement callbacks and catch-all listeners", async () => {
    const { socket, connection, io, errors } = pair();
    const reject = (what: string) => async (): Promise<never> => {
      throw new Error(what);
    };
    socket.emit("ask", reject("plain"));
    socket.timeout(100).emit("ask", reject("timed"));
    socket.onAny(reject("any"));
    io.timeout(100).emit("ask", reject("broadcast"));
    await Promise.resolve();
    connection.receive("30[]", "31[]", '32["x"]', '2["e"]');
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors.map(({ cause }) => (cause as Error).message).sort()).toEqual(["any", "broadcast", "plain", "timed"]);
  });

  it("of a middleware that has called next are reported, and the event goes on", async () => {
    const { socket, connection, errors } = pair();
    const seen: unknown[] = [];
    socket.on("e", () => seen.push("e"));
    socket.use(async (_event, next) => {
      next();
      throw new Error("late");
    });
    connection.receive('2["e"]');
    await new Promise((resolve) => setImmediate(resolve));
    expect(seen).toEqual(["e"]);
    expect(errors).toMatchObject([{ code: "MIDDLEWARE_FAILED", cause: { message: "late" } }]);
  });

  it("of a middleware that throws or rejects drop the event", async () => {
    const { socket, connection, errors } = pair();
    socket.on("e", () => {
      throw new Error("delivered");
    });
    socket.use(async () => {
      throw new Error("rejected");
    });
    connection.receive('2["e"]');
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toMatchObject([{ code: "MIDDLEWARE_FAILED", cause: { message: "rejected" } }]);
  });

  it("leave the turn as Socket.IO's do with rethrowHandlerErrors", () => {
    const { socket, connection, clock, errors } = pair(memoryServer({ rethrowHandlerErrors: true }));
    socket.on("throws", () => {
      throw new Error("boom");
    });
    connection.sink.onMessage('42["throws"]', 1);
    expect(() => clock.settle()).toThrow("boom");
    expect(errors).toEqual([]);
  });
});

describe("emit", () => {
  it("writes one packet, with the namespace where it is not the main one", () => {
    const { io, join, socket, connection } = pair();
    expect(socket.emit("e", 1, "two", { three: [4] })).toBe(true);
    expect(connection.take()).toEqual(['2["e",1,"two",{"three":[4]}]']);
    io.of("/n").on("connection", (other) => other.emit("e"));
    const second = join("/n");
    void second;
    expect([...io.of("/n").sockets.values()][0]?.emit("f")).toBe(true);
    expect(second.take()).toEqual(['2/n,["f"]']);
  });

  it("refuses reserved names and what cannot be encoded, and keeps no acknowledgement of it", () => {
    const { socket, connection } = pair();
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(() => socket.emit("disconnect")).toThrow('"disconnect" is a reserved event name');
    expect(() => socket.emit("e", cyclic, () => {})).toThrow(expect.objectContaining({ name: "VaivenError" }));
    expect(socket.acks.size).toBe(0);
    expect(connection.take()).toEqual([]);
  });

  it("sends bytes behind their packet", () => {
    const { socket, connection } = pair();
    socket.emit("e", Buffer.from("0102", "hex"), { b: new Uint8Array([3]) });
    expect(connection.take()).toEqual([
      '52-["e",{"_placeholder":true,"num":0},{"b":{"_placeholder":true,"num":1}}]',
      "0102",
      "03",
    ]);
  });

  it("volatile is dropped while the connection is not writable", () => {
    const { socket, connection } = pair();
    connection.writable = false;
    socket.volatile.emit("dropped");
    socket.emit("kept");
    connection.writable = true;
    socket.volatile.emit("sent");
    expect(connection.take()).toEqual(['2["kept"]', '2["sent"]']);
  });

  it("takes its flags once", () => {
    const { socket, connection } = pair();
    socket.compress(false).emit("a");
    socket.emit("b");
    expect(connection.sent.map(({ compress }) => compress)).toEqual([false, true]);
  });

  it("after disconnect sends nothing", () => {
    const { socket, connection } = pair();
    socket.disconnect();
    connection.take();
    expect(socket.emit("e")).toBe(true);
    expect(connection.take()).toEqual([]);
  });

  it("is shown to outgoing listeners, also of a broadcast", () => {
    const { io, socket } = pair();
    const seen: unknown[] = [];
    socket.onAnyOutgoing((...event) => seen.push(event));
    socket.emit("a", 1);
    io.emit("b", 2);
    expect(seen).toEqual([
      ["a", 1],
      ["b", 2],
    ]);
  });
});

describe("acknowledgements", () => {
  it("call back with the client's arguments", () => {
    const { socket, connection } = pair();
    const answers: unknown[] = [];
    socket.emit("ask", 1, (...args: unknown[]) => answers.push(args));
    expect(connection.take()).toEqual(['20["ask",1]']);
    connection.receive('30["a",2]', '30["again"]', '399["unknown"]');
    expect(answers).toEqual([["a", 2]]);
  });

  it("under a timeout call back with an error first", () => {
    const { socket, connection, clock } = pair();
    const answers: unknown[] = [];
    socket
      .timeout(100)
      .emit("ask", (error: { code: string } | null, value: unknown) => answers.push([error?.code ?? null, value]));
    connection.receive('30["in time"]');
    socket.timeout(100).emit("ask", (error: { code: string } | null) => answers.push(error?.code));
    clock.advance(100);
    expect(answers).toEqual([[null, "in time"], "ACK_TIMEOUT"]);
    expect(socket.acks.size).toBe(0);
  });

  it("as promises give the first argument", async () => {
    const { socket, connection } = pair();
    const answer = socket.emitWithAck("ask");
    connection.receive('30["a","b"]');
    expect(await answer).toBe("a");
  });

  it("always settle when the client leaves; plain callbacks are not called", async () => {
    const { socket, connection } = pair();
    const answers: unknown[] = [];
    socket.emit("plain", () => answers.push("plain"));
    socket.timeout(1000).emit("timed", (error: { code: string }) => answers.push(error.code));
    const promise = socket.emitWithAck("promise");
    const timed = socket.timeout(1000).emitWithAck("promise");
    connection.end();
    await expect(promise).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
    await expect(timed).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
    expect(answers).toEqual(["ACK_DISCONNECTED"]);
  });

  it("that are asked for after the end are refused", async () => {
    const { socket, clock } = pair();
    socket.disconnect();
    const answers: unknown[] = [];
    await expect(socket.emitWithAck("late")).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
    socket.timeout(5).emit("late", (error: { code: string }) => answers.push(error.code));
    expect(answers).toEqual([]);
    clock.settle();
    expect(answers).toEqual(["ACK_DISCONNECTED"]);
  });

  it("that are asked for by a middleware settle when the client never gets in", async () => {
    const { io, connect } = memoryServer();
    let answer: Promise<unknown> | undefined;
    io.use((socket) => {
      answer = (socket as Socket).emitWithAck("ask");
    });
    const connection = connect();
    connection.receive("0");
    connection.end();
    await expect(answer).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
  });
});

describe("the end of a socket", () => {
  it("runs disconnecting while the rooms are there and disconnect when they are left", () => {
    const { io, socket, connection } = pair();
    const seen: unknown[] = [];
    void socket.join("r");
    socket.on("disconnecting", (reason) => seen.push([reason, [...socket.rooms], socket.connected]));
    socket.on("disconnect", (reason) => seen.push([reason, [...socket.rooms], socket.connected]));
    connection.receive("1");
    const reason = "client namespace disconnect";
    expect(seen).toEqual([
      [reason, [socket.id, "r"], true],
      [reason, [], false],
    ]);
    expect(io.sockets.sockets.size).toBe(0);
    expect(io.sockets.adapter.rooms.size).toBe(0);
  });

  it("happens once, also when its handlers disconnect again", () => {
    const { socket, connection } = pair();
    let ends = 0;
    socket.on("disconnecting", () => socket.disconnect(true));
    socket.on("disconnect", () => {
      ends++;
      socket.disconnect();
    });
    socket.disconnect();
    connection.end();
    expect(ends).toBe(1);
  });

  it("by the server tells the client, and closes the connection only where asked", () => {
    const { socket, connection } = pair();
    socket.emit("last");
    socket.disconnect();
    expect(connection.take()).toEqual(['2["last"]', "1"]);
    expect(connection.closed).toBe("no");
    const second = pair();
    second.socket.disconnect(true);
    expect(second.connection.take()).toEqual(["1"]);
    expect(second.connection.closed).toBe("flushed");
  });

  it("by io.close is a shutdown", async () => {
    const { io, socket } = pair();
    const reasons: unknown[] = [];
    socket.on("disconnect", (reason) => reasons.push(reason));
    await io.close();
    expect(reasons).toEqual(["server shutting down"]);
  });

  it("lets nobody join a room any more", () => {
    const { io, socket } = pair();
    socket.disconnect();
    void socket.join("r");
    expect(io.sockets.adapter.rooms.size).toBe(0);
  });
});

describe("what a socket knows", () => {
  it("is its handshake, made once", () => {
    const { io, connect } = memoryServer();
    connect("/socket.io/?EIO=4&name=x").receive('0{"token":1}');
    const [socket] = io.sockets.sockets.values();
    const handshake = socket?.handshake;
    expect(handshake).toMatchObject({
      headers: { host: "example.com" },
      address: "10.0.0.1",
      secure: false,
      xdomain: false,
      url: "/socket.io/?EIO=4&name=x",
      query: { EIO: "4", name: "x" },
      auth: { token: 1 },
    });
    expect(new Date(handshake?.time ?? "").getTime()).toBeCloseTo(handshake?.issued ?? 0, -4);
    expect(socket?.handshake).toBe(handshake);
  });

  it("is data that may be replaced", () => {
    const { socket } = pair();
    socket.data.name = "x";
    expect(socket.data).toEqual({ name: "x" });
    socket.data = { other: 1 };
    expect(socket.data).toEqual({ other: 1 });
  });

  it("works through a Proxy", () => {
    const { socket, connection } = pair();
    const proxy = new Proxy(socket, {});
    proxy.on("e", (n) => proxy.emit("back", n));
    void proxy.join("r");
    connection.receive('2["e",1]');
    expect(connection.take()).toEqual(['2["back",1]']);
    expect([...proxy.rooms]).toContain("r");
    proxy.disconnect();
    expect(proxy.disconnected).toBe(true);
  });
});

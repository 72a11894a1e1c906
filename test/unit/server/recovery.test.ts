// Recovery by bytes, with a clock that the test moves: what stock clients send and are sent.
import { describe, expect, it } from "vitest";
import type { AnySocket } from "../../../src/server/socket.js";
import type { FakeConnection, MemoryServer } from "./fake-connection.js";
import { memoryServer } from "./fake-connection.js";

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Joined {
  readonly sid: string;
  readonly pid: string;
}

/** Joins the main namespace as a stock client does, and takes the answer. */
async function join(server: MemoryServer, auth: object = {}): Promise<[FakeConnection, Joined, string[]]> {
  const connection = server.connect();
  connection.receive(`0${JSON.stringify(auth)}`);
  await settled();
  server.clock.settle();
  const [connect = "", ...rest] = connection.take();
  return [connection, JSON.parse(connect.slice(1)) as Joined, rest];
}

const offsetOf = (packet: string | undefined): string =>
  (JSON.parse((packet ?? "").slice(1)) as unknown[]).at(-1) as string;
const argumentsOf = (packets: string[]): unknown[][] =>
  packets.map((packet) => (JSON.parse(packet.slice(1)) as unknown[]).slice(0, -1));

const on = (more: object = {}) => memoryServer({ connectionStateRecovery: more });

describe("connection state recovery", () => {
  it("tells the private id in CONNECT, and nothing of it where the option is off", async () => {
    const [, joined] = await join(on());
    expect(Object.keys(joined)).toEqual(["sid", "pid"]);
    const [, plain] = await join(memoryServer());
    expect(Object.keys(plain)).toEqual(["sid"]);
  });

  it("gives an offset to events, not to those that ask for an acknowledgement", async () => {
    const server = on();
    const [connection, { sid }] = await join(server);
    const socket = server.io.sockets.sockets.get(sid);
    socket?.emit("one", 1);
    server.io.emit("two");
    socket?.emit("three", "x", () => {});
    const [one, two, three] = connection.take();
    expect(one).toMatch(/^2\["one",1,"id-.*"\]$/);
    expect(offsetOf(two)).not.toBe(offsetOf(one));
    expect(three).toMatch(/^2\d+\["three","x"\]$/);
  });

  it("restores id, rooms and data, and sends what was missed behind CONNECT", async () => {
    const server = on();
    const [first, { sid, pid }] = await join(server);
    const before = server.io.sockets.sockets.get(sid);
    void before?.join("room");
    if (before !== undefined) before.data.name = "Ana";
    before?.emit("seen");
    const offset = offsetOf(first.take()[0]);
    first.end("transport close");
    server.io.to("room").emit("to the room", 1);
    server.io.to("elsewhere").emit("not for it");
    server.io.except("room").emit("nor this");
    server.io.to(sid).emit("to it", { deep: [2] });
    const seen: unknown[] = [];
    server.io.on("connection", (socket) => seen.push(socket.recovered, socket.data.name, [...socket.rooms]));
    const [, again, missed] = await join(server, { pid, offset });
    expect(again).toEqual({ sid, pid });
    expect(seen).toEqual([true, "Ana", [sid, "room"]]);
    expect(argumentsOf(missed)).toEqual([
      ["to the room", 1],
      ["to it", { deep: [2] }],
    ]);
  });

  it("replays an event as it was, whatever became of its arguments", async () => {
    const server = on();
    const [first, { pid }] = await join(server);
    first.end("transport close");
    const list = [1];
    server.io.emit("list", list);
    list.push(2);
    const [, , missed] = await join(server, { pid });
    expect(argumentsOf(missed)).toEqual([["list", [1]]]);
  });

  it("recovers a client that has seen no event yet", async () => {
    const server = on();
    server.io.emit("before it came");
    const [first, { sid, pid }] = await join(server);
    first.end("ping timeout");
    server.io.emit("first");
    const [, again, missed] = await join(server, { pid });
    expect(again.sid).toBe(sid);
    expect(argumentsOf(missed)).toEqual([["first"]]);
  });

  it("survives volatile events whose last argument is a text", async () => {
    const server = on();
    const [first, { sid, pid }] = await join(server);
    server.io.volatile.emit("name", "text");
    server.io.volatile.emit("bare");
    server.io.sockets.sockets.get(sid)?.volatile.emit("number", 5);
    const packets = first.take();
    expect(packets[2]).toBe('2["number",5]');
    const offset = offsetOf(packets[1]);
    expect(offset).not.toBe("bare");
    first.end("transport close");
    server.io.emit("missed");
    const [, again, missed] = await join(server, { pid, offset });
    expect(again.sid).toBe(sid);
    expect(argumentsOf(missed)).toEqual([["missed"]]);
  });

  it("recovers after a quiet hour, and after a busy one of others", async () => {
    const server = on();
    const [quiet, { sid, pid }] = await join(server);
    server.io.emit("last");
    const offset = offsetOf(quiet.take()[0]);
    for (let minute = 0; minute < 60; minute++) {
      server.clock.advance(60_000);
      server.io.to("others").emit("busy");
    }
    quiet.end("transport close");
    server.io.emit("missed");
    const [, again, missed] = await join(server, { pid, offset });
    expect(again.sid).toBe(sid);
    expect(argumentsOf(missed)).toEqual([["missed"]]);
  });

  it("does not replay what a room was sent before the socket joined it", async () => {
    const server = on();
    const [first, { sid, pid }] = await join(server);
    server.io.to("private").emit("secret");
    void server.io.sockets.sockets.get(sid)?.join("private");
    server.io.to("private").emit("open");
    first.end("transport close");
    const [, , missed] = await join(server, { pid });
    expect(argumentsOf(missed)).toEqual([["open"]]);
  });

  it("is over after maxDisconnectionDuration, and lets go of what it kept", async () => {
    const server = on({ maxDisconnectionDuration: 1000 });
    const [first, { sid, pid }] = await join(server);
    first.end("transport close");
    server.clock.advance(1001);
    const [, again] = await join(server, { pid });
    expect(again.sid).not.toBe(sid);
    expect(again.pid).not.toBe(pid);
  });

  it("is of maxAbsentSessions clients: who left first is let go", async () => {
    const server = on({ maxAbsentSessions: 1 });
    const [one, oneJoined] = await join(server);
    const [two, twoJoined] = await join(server);
    one.end("transport close");
    two.end("transport close");
    expect((await join(server, { pid: oneJoined.pid }))[1].sid).not.toBe(oneJoined.sid);
    expect((await join(server, { pid: twoJoined.pid }))[1].sid).toBe(twoJoined.sid);
  });

  it("is not given where the log was too small for what was missed", async () => {
    const server = on({ maxLogBytes: 2000 });
    const [first, { sid, pid }] = await join(server);
    first.end("transport close");
    for (let n = 0; n < 20; n++) server.io.emit("many", "x".repeat(100));
    const [, again, missed] = await join(server, { pid });
    expect(again.sid).not.toBe(sid);
    expect(missed).toEqual([]);
  });

  it("is not given to who left, or was sent away", async () => {
    const server = on();
    const [leaver, left] = await join(server);
    leaver.receive("1");
    const [kicked, gone] = await join(server);
    server.io.sockets.sockets.get(gone.sid)?.disconnect();
    expect(kicked.closed).toBe("no");
    for (const { sid, pid } of [left, gone]) {
      const [, again] = await join(server, { pid });
      expect(again.sid).not.toBe(sid);
    }
  });

  it("is not given to who was disconnected while it was away, among whomever the rooms name", async () => {
    const server = on();
    const here: string[] = [];
    server.io.on("connection", (socket) => here.push(`${socket.handshake.auth["name"]} ${socket.recovered}`));
    const away: [name: string, pid: string][] = [];
    for (const name of ["ana", "eva", "leo"]) {
      const [connection, { sid, pid }] = await join(server, { name });
      void server.io.sockets.sockets.get(sid)?.join(["staff", name]);
      connection.end("transport close");
      away.push([name, pid]);
    }
    server.io.in("staff").except(["ana", "eva"]).disconnectSockets();
    for (const [name, pid] of away) await join(server, { name, pid });
    expect(here.slice(3)).toEqual(["ana true", "eva true", "leo false"]);
  });

  it("ends the old connection where the client returns before the loss was noticed", async () => {
    const server = on();
    const [old, { sid, pid }] = await join(server);
    old.close = (discard) => {
      expect(discard).toBe(true);
      old.end("forced close");
    };
    const reasons: unknown[] = [];
    server.io.sockets.sockets.get(sid)?.on("disconnect", (reason) => reasons.push(reason));
    const [, again] = await join(server, { pid });
    expect(again).toEqual({ sid, pid });
    expect(reasons).toEqual(["forced close"]);
    expect(server.io.sockets.sockets.size).toBe(1);
  });

  it("skips middlewares for who comes back, unless skipMiddlewares is false", async () => {
    for (const skipMiddlewares of [true, false]) {
      const server = on({ skipMiddlewares });
      let asked = 0;
      server.io.use((_socket, next) => {
        asked++;
        next();
      });
      const [first, { pid }] = await join(server);
      first.end("transport close");
      await join(server, { pid });
      expect(asked).toBe(skipMiddlewares ? 1 : 2);
    }
  });

  it("leaves the session where it was if the client goes again while it is looked for", async () => {
    const server = on();
    const [first, { sid, pid }] = await join(server);
    first.end("transport close");
    server.io.emit("missed");
    const second = server.connect();
    second.receive(`0${JSON.stringify({ pid })}`);
    second.end("transport close");
    await settled();
    const [, again, missed] = await join(server, { pid });
    expect(again.sid).toBe(sid);
    expect(argumentsOf(missed)).toEqual([["missed"]]);
  });

  it("keeps the end of the credentials over a return that came to nothing", async () => {
    const server = on();
    const [first, { sid, pid }] = await join(server);
    const end = Date.now() + 60_000;
    (server.io.sockets.sockets.get(sid) as AnySocket).expiresAt = end;
    first.end("transport close");
    const second = server.connect();
    second.receive(`0${JSON.stringify({ pid })}`);
    second.end("transport close");
    await settled();
    await join(server, { pid });
    expect(server.io.sockets.sockets.get(sid)?.expiresAt).toBe(end);
  });

  it("refuses an option that is no object", () => {
    expect(() => memoryServer({ connectionStateRecovery: 5 as unknown as object })).toThrow("connectionStateRecovery");
  });
});

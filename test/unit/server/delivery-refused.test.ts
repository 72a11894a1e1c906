// Acknowledged delivery with middlewares that refuse, and with clients that go while they run: nobody waits for ever, and no session is harmed.
import { describe, expect, it } from "vitest";
import type { AnySocket } from "../../../src/server/socket.js";
import { DeliveryWorld } from "../../support/delivery-world.js";
import { type FakeConnection, memoryServer } from "./fake-connection.js";

type Next = (error?: Error) => void;

/** What becomes of what is asked for. */
class Results {
  readonly all: unknown[] = [];

  add(promise: Promise<unknown>): void {
    promise.then(
      (value) => this.all.push(value),
      (error: { code?: string; message: string }) => this.all.push(error.code ?? error.message),
    );
  }
}

const GONE = "ACK_DISCONNECTED";

describe("a socket that is not let in", () => {
  it.each(["refused", "cut"])("settles what was asked of its client before and after it was %s", async (way) => {
    const world = new DeliveryWorld();
    const results = new Results();
    let kept: AnySocket | undefined;
    world.io.use((socket, next) => {
      kept = socket;
      results.add(socket.emitConfirmed("question"));
      results.add(socket.emitWithAck("question"));
      if (way === "refused") next(new Error("no"));
    });
    await world.connect();
    if (way === "cut") await world.cut("both", true);
    await world.settle();
    expect(results.all).toEqual([GONE, GONE]);
    results.add(kept!.emitConfirmed("question"));
    results.add(kept!.emitWithAck("question"));
    await world.settle();
    expect(results.all).toEqual([GONE, GONE, GONE, GONE]);
  });

  it("is one that came back: its session waits for its client to come again, which is told why it must", async () => {
    const world = new DeliveryWorld("websocket", { skipMiddlewares: false });
    let refuses = false;
    const refused: AnySocket[] = [];
    world.io.use((socket, next) => {
      if (refuses) refused.push(socket);
      next(refuses ? new Error("the token is old") : undefined);
    });
    const errors: string[] = [];
    world.socket.on("connect_error", ({ message }) => errors.push(message));
    await world.connect();
    world.emitUp("ack");
    world.emitDown("ack");
    await world.settle();
    await world.cut("both", true);
    refuses = true;
    await world.heal(10);
    expect(errors).toEqual(["the token is old"]);
    expect(world.socket.active).toBe(false);
    refuses = false;
    refused[0]?.emit("event", "from a middleware's memory");
    world.emitDown("plain");
    world.socket.connect();
    await world.heal();
    expect(world.recoveries).toEqual([false, true]);
    expect(world.faults()).toEqual([]);
  });

  it("is one that came back, and is lost for good: both ends are told", async () => {
    const world = new DeliveryWorld("websocket", { skipMiddlewares: false, maxDisconnectionDuration: 5000 });
    let refuses = false;
    world.io.use((_socket, next) => next(refuses ? new Error("the token is old") : undefined));
    await world.connect();
    world.emitUp("plain");
    world.emitDown("plain");
    await world.settle();
    await world.cut("both", true);
    refuses = true;
    await world.heal(20);
    expect(world.lost).toMatchObject([{ reason: "expired", unconfirmed: 1 }]);
    expect(world.socket.lossReason).toBe("expired");
    expect(world.socket.unconfirmed).toEqual([["event", 1]]);
  });

  it("has no credentials any more that anybody watches", () => {
    const server = memoryServer({ connectionStateRecovery: { skipMiddlewares: false } });
    let refuses = false;
    server.io.use((socket, next) => {
      if (!refuses) socket.expiresAt = Date.now() + 10_000;
      next(refuses ? new Error("no") : undefined);
    });
    const first = server.connect();
    first.receive(connectAs({}));
    const { pid } = termsOf(first);
    first.end();
    refuses = true;
    const second = server.connect();
    second.receive(connectAs({ pid }));
    expect(second.take()).toEqual(['4{"message":"no"}']);
    server.clock.advance(200_000);
    expect([second.take(), server.clock.timerCount]).toEqual([[], 0]);
  });
});

describe("an event that a middleware of its socket refuses when the connection is gone", () => {
  it("fails at the client all the same, whose session goes on", async () => {
    const world = await new DeliveryWorld().connect();
    const nexts: Next[] = [];
    world.peer?.use((_event, next) => nexts.push(next));
    const results = new Results();
    results.add(world.socket.emitWithAck("ask", 1));
    await world.connect();
    await world.cut("both", true);
    nexts[0]?.(new Error("not you"));
    await world.heal();
    expect(results.all).toEqual(["not you"]);
    expect(world.errors).toEqual([]);
  });
});

describe("two connections that claim one session while a middleware runs", () => {
  it("get it one after the other; the one whose claim is old by then is to come again, and the session keeps its socket", () => {
    const server = memoryServer({ connectionStateRecovery: { skipMiddlewares: false } });
    const nexts: Next[] = [];
    let isSlow = false;
    server.io.use((_socket, next) => {
      if (isSlow) nexts.push(next);
      else next();
    });
    const heard: unknown[] = [];
    server.io.on("connection", (socket) => socket.on("event", (n: unknown) => heard.push(n)));
    const first = server.connect();
    first.receive(connectAs({}));
    const { pid } = termsOf(first);
    first.end();
    isSlow = true;
    const [early, late] = [server.connect(), server.connect()];
    early.receive(connectAs({ pid }));
    late.receive(connectAs({ pid }));
    nexts[1]?.();
    server.clock.settle();
    expect(termsOf(late)).toMatchObject({ pid, received: 0 });
    late.receive('2["event",1]');
    const [socket] = server.io.sockets.sockets.values();
    nexts[0]?.();
    server.clock.settle();
    expect([early.closed, late.closed]).toEqual(["discarded", "no"]);
    expect([...server.io.sockets.sockets.values()]).toEqual([socket]);
    server.io.to(socket!.id).emit("once");
    expect(late.take()).toEqual(['2["once"]']);
    late.receive('2["event",2]');
    expect(heard).toEqual([1, 2]);
    expect(server.errors).toEqual([]);
  });
});

describe("a confirmed emit", () => {
  it("of what is larger than may wait for a client fails, and its connection goes on", async () => {
    const world = await new DeliveryWorld().connect();
    const results = new Results();
    results.add(world.peer!.emitConfirmed("event", "x".repeat(17 * 1024 * 1024)));
    world.emitDown("confirmed");
    await world.heal(3);
    expect(results.all).toEqual(["PACKET_TOO_BIG"]);
    expect(world.connects).toEqual([false]);
    expect(world.faults()).toEqual([]);
  });
});

function connectAs(session: object): string {
  return `0${JSON.stringify({ vaiven: { v: 1, caps: ["delivery", "refresh"], session: { received: 0, from: 0, sent: 0, ...session } } })}`;
}

function termsOf(connection: FakeConnection): { pid: string; received?: number } {
  const [connect = ""] = connection.take();
  return JSON.parse(connect.slice(1)).vaiven;
}

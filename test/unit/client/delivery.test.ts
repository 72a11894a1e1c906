// Both halves of acknowledged delivery, each case by hand. What chance finds is in test/unit/event/delivery-model.test.ts.
import { describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { VaivenError } from "../../../src/errors.js";
import type { DeliveredSocket } from "../../../src/server/delivered-socket.js";
import { DeliveryWorld, type Ways } from "../../support/delivery-world.js";

const connected = (...given: ConstructorParameters<typeof DeliveryWorld>): Promise<DeliveryWorld> =>
  new DeliveryWorld(...given).connect();

const codeOf = (error: unknown): string => (error instanceof VaivenError ? error.code : String(error));

describe("a session that is resumed", () => {
  it.each<Ways>(["websocket", "polling", "upgrade"])(
    "replays both ways what the other end lacks, over %s",
    async (ways) => {
      const world = await connected(ways);
      const { id } = world.socket;
      for (const kind of ["plain", "ack", "binary"] as const) {
        world.emitUp(kind);
        world.emitDown(kind);
      }
      await world.settle();
      await world.cut("both", true);
      for (const kind of ["ack", "binary", "plain"] as const) {
        world.emitUp(kind);
        world.emitDown(kind);
      }
      world.emitDown("room");
      world.emitDown("all");
      await world.heal();
      expect(world.faults()).toEqual([]);
      expect(world.connects).toEqual([false, true]);
      expect(world.recoveries).toEqual([false, true]);
      expect(world.socket.id).toBe(id);
      expect(world.peer?.rooms).toEqual(new Set([id, "room"]));
    },
  );

  it("is taken from a connection that the server believes alive, which is closed", async () => {
    const world = await connected();
    const first = world.peer;
    const reasons: string[] = [];
    first?.on("disconnect", (reason) => reasons.push(reason));
    if (first !== undefined) first.data = { kept: true };
    await world.cut("client", true);
    world.emitDown("plain");
    await world.connect();
    await world.advance(100);
    await world.connect();
    expect(reasons).toEqual(["transport close"]);
    expect(world.links[0]?.session.state).toBe("closed");
    expect(world.peer).not.toBe(first);
    expect(world.peer?.data).toEqual({ kept: true });
    expect(world.io.sockets.sockets.size).toBe(1);
    expect(world.down.heard).toEqual(world.down.sent);
  });

  it("answers what was asked before the cut, also where the handler takes longer than the cut", async () => {
    const world = await connected();
    const answers: ((n: number) => void)[] = [];
    world.peer?.on("later", (answer: (n: number) => void) => answers.push(answer));
    const answer = world.socket.emitWithAck("later");
    await world.connect();
    await world.cut("both", true);
    answers[0]?.(7);
    await world.heal();
    expect(await answer).toBe(7);
  });

  it("hands an event whose middleware outlasts the cut to the new socket", async () => {
    const world = await connected();
    const nexts: (() => void)[] = [];
    world.peer?.use((_event, next) => nexts.push(next));
    world.emitUp("plain");
    await world.connect();
    await world.cut("both", true);
    nexts[0]?.();
    expect(world.up.heard).toEqual([]);
    await world.heal();
    expect(world.faults()).toEqual([]);
  });

  it("skips the middlewares of the namespace, unless that is not wished", async () => {
    for (const [skipMiddlewares, runs] of [
      [true, 1],
      [false, 2],
    ] as const) {
      const world = new DeliveryWorld("websocket", { skipMiddlewares });
      const seen: boolean[] = [];
      world.io.use((socket, next) => {
        seen.push(socket.recovered);
        next();
      });
      await world.connect();
      await world.cut("both", true);
      world.emitDown("plain");
      await world.heal();
      expect(seen).toEqual([false, true].slice(0, runs));
      expect(world.faults()).toEqual([]);
    }
  });

  it("does not send volatile events again", async () => {
    const world = await connected();
    const shaky: number[] = [];
    world.socket.on("shaky", (n: number) => shaky.push(n));
    world.io.on("connection", (socket) => socket.on("shaky", (n: number) => shaky.push(n)));
    world.emitDown("volatile");
    world.emitUp("volatile");
    await world.settle();
    await world.cut("both", true);
    world.emitDown("volatile");
    world.emitDown("plain");
    await world.heal();
    expect(shaky).toEqual([]);
    expect(world.faults()).toEqual([]);
  });

  it("runs a handler once for each event of the queue of retries", async () => {
    const world = await connected("websocket", {}, { delivery: delivery(), retries: 3, ackTimeout: 400 });
    for (let n = 0; n < 40; n++) world.emitUp("plain");
    await world.connect();
    await world.cut("both", true);
    world.emitUp("plain");
    await world.advance(100);
    await world.connect();
    await world.cut("server", true);
    await world.heal();
    expect(world.faults()).toEqual([]);
    expect(world.up.heard).toHaveLength(41);
  });

  it("keeps what is private out of what the program sees", async () => {
    const world = await connected();
    await world.cut("both", true);
    await world.heal();
    expect(world.peer?.handshake.auth).toEqual({});
    expect(world.recoveries).toEqual([false, true]);
  });

  it("moves an absent socket between rooms, and lets go of it when it is disconnected", async () => {
    const world = await connected();
    const { peer, io } = world;
    await world.cut("both", true);
    io.in("room").socketsJoin("second");
    io.in("second").socketsLeave("room");
    void peer?.join("third");
    expect(io.sockets.adapter.rooms.size).toBe(0);
    expect(await io.fetchSockets()).toEqual([]);
    io.to("third").emit("event", 1);
    await world.heal();
    expect(world.peer?.rooms).toEqual(new Set([peer?.id, "second", "third"]));
    expect(world.down.heard).toEqual([1]);

    await world.cut("both", true);
    io.in("third").disconnectSockets();
    await world.heal();
    expect(world.recoveries).toEqual([false, true, false]);
    expect(world.reasons).toEqual(["expired"]);
    expect(world.lost).toEqual([]);
  });
});

describe("a session that cannot be resumed", () => {
  it("is announced on both sides when the time is over", async () => {
    const world = await connected("websocket", { maxDisconnectionDuration: 5000 });
    const { peer } = world;
    world.emitUp("ack");
    world.emitUp("binary");
    world.emitDown("ack");
    world.socket.io.reconnection(false);
    await world.settle();
    await world.cut("both", true);
    expect(world.lost).toEqual([]);
    await world.advance(5300);
    expect(world.lost).toEqual([
      { id: peer?.id, data: {}, rooms: new Set([peer?.id, "room"]), reason: "expired", unconfirmed: 1 },
    ]);
    expect(world.socket.lossReason).toBe("expired");
    expect(world.socket.unconfirmed).toEqual([
      ["ask", 1],
      ["event", 2, Buffer.from([1, 2, 2])],
    ]);
    expect([...world.acks.values()].map(([error]) => codeOf(error))).toEqual(["ACK_DISCONNECTED", "ACK_DISCONNECTED"]);
  });

  it("is unknown to a server that was restarted, and what was said in it is not said to that", async () => {
    const world = await connected();
    const answers: ((n: number) => void)[] = [];
    world.socket.on("ask later", (answer: (n: number) => void) => answers.push(answer));
    world.peer?.emit("ask later", () => {});
    await world.connect();
    world.emitUp("plain");
    await world.settle();
    await world.restart();
    world.emitUp("plain");
    answers[0]?.(1);
    await world.heal();
    expect(world.connects).toEqual([false, false]);
    expect(world.reasons).toEqual(["unknown session"]);
    expect(world.unconfirmed).toEqual([["event", 1]]);
    expect(world.up.heard).toEqual([2]);
    expect(world.socket.sendBuffer).toEqual([]);
  });

  it("is not given up by a client while the server is being asked for it", async () => {
    const world = await connected("websocket", { maxDisconnectionDuration: 5000 });
    world.emitDown("ack");
    await world.connect();
    await world.cut("client", false);
    await world.advance(4900);
    // The connection is open and the session claimed; the answer takes its time.
    for (const lane of ["up", "down", "up"] as const) await world.step(lane);
    await world.advance(200);
    await world.heal();
    expect(world.recoveries).toEqual([false, true]);
    expect(world.connects).toEqual([false, true]);
    expect(world.faults()).toEqual([]);
  });

  it("says nothing more once its client has begun another", async () => {
    const world = await connected("websocket", { maxDisconnectionDuration: 5000 });
    world.emitUp("plain");
    await world.settle();
    await world.cut("client", false);
    await world.advance(6000);
    world.emitUp("plain");
    await world.calm();
    // What was emitted first comes late, over the connection of which only the server believes that it lives.
    await world.step("up", 1);
    expect(world.up.heard).toEqual([2]);
    expect(world.unconfirmed).toEqual([["event", 1]]);
    expect(world.lost.map(({ reason }) => reason)).toEqual(["expired"]);
  });

  it("answers nothing in a new session that was asked in the one before", async () => {
    const world = await connected();
    const answers: ((n: number) => void)[] = [];
    const got: unknown[] = [];
    world.socket.on("ask later", (answer: (n: number) => void) => answers.push(answer));
    world.peer?.emit("ask later", () => {});
    await world.connect();
    await world.restart();
    await world.heal();
    world.peer?.emit("ask later", (answer: unknown) => got.push(answer));
    await world.connect();
    answers[0]?.(1);
    answers[1]?.(2);
    await world.connect();
    expect(got).toEqual([2]);
  });

  it.each([["received", 1], ["received", 0.5], ["skip", -1], ["skip", Number.MAX_SAFE_INTEGER], ["unheard of"]])(
    "is left by the client where the server says what cannot be true: %s %s",
    async (...message) => {
      const world = await connected();
      const reasons: string[] = [];
      world.socket.on("disconnect", (reason) => reasons.push(reason));
      world.emitDown("plain");
      (world.peer as unknown as DeliveredSocket)._control(message as never);
      await world.connect();
      expect(reasons).toEqual(["parse error"]);
      await world.heal();
      expect(world.faults()).toEqual([]);
    },
  );

  it.each([
    ["packets", { maxUnconfirmedPackets: 3 }],
    ["bytes", { maxUnconfirmedBytes: 40 }],
  ])("says overflow where the server could not keep all that the client lacks, counted in %s", async (_, limits) => {
    const world = await connected("websocket", limits);
    await world.cut("both", true);
    for (let n = 0; n < 4; n++) world.emitDown("plain");
    await world.heal();
    expect(world.lost.map(({ reason, unconfirmed }) => [reason, unconfirmed])).toEqual([["overflow", 4]]);
    expect(world.reasons).toEqual(["overflow"]);
    expect(world.recoveries).toEqual([false, false]);
  });

  it.each([
    ["packets", { maxPackets: 4 }],
    ["bytes", { maxBytes: 40 }],
  ])("does not overflow at the client, which waits for confirmations instead, counted in %s", async (_, limits) => {
    const world = await connected("websocket", {}, { delivery: delivery(limits) });
    for (let n = 0; n < 20; n++) world.emitUp("plain");
    expect(world.socket.sendBuffer.length).toBeGreaterThan(14);
    await world.connect();
    await world.cut("both", true);
    await world.heal();
    expect(world.faults()).toEqual([]);
    expect(world.up.heard).toHaveLength(20);
  });

  it("ends without a word where one of the two ends wished it", async () => {
    for (const leave of [
      (world: DeliveryWorld) => world.socket.disconnect(),
      (world: DeliveryWorld) => world.peer?.disconnect(),
    ]) {
      const world = await connected();
      leave(world);
      await world.heal();
      world.socket.connect();
      await world.heal();
      expect(world.recoveries).toEqual([false, false]);
      expect([world.lost, world.reasons]).toEqual([[], []]);
    }
  });

  it("is lost with a server that closes, for those who are away", async () => {
    const world = await connected();
    world.socket.io.reconnection(false);
    await world.cut("both", true);
    await world.io.close();
    expect(world.lost.map(({ reason }) => reason)).toEqual(["server shutting down"]);
    await world.advance(200_000);
    expect(world.lost).toHaveLength(1);
    expect(world.platform.timerCount).toBe(0);
  });
});

describe("a confirmed emit", () => {
  it("resolves when the client has the event, also where that takes another connection", async () => {
    const world = await connected();
    world.emitDown("confirmed");
    await world.connect();
    expect(world.acks.get("confirmed 1")).toEqual([undefined]);
    world.emitDown("confirmed");
    await world.settle();
    await world.cut("both", true);
    expect(world.acks.get("confirmed 2")).toEqual([]);
    await world.heal();
    expect(world.acks.get("confirmed 2")).toEqual([undefined]);
    expect(world.faults()).toEqual([]);
  });

  it("rejects in time, and when the session is over", async () => {
    const world = await connected("websocket", { maxDisconnectionDuration: 5000 });
    world.socket.io.reconnection(false);
    await world.cut("both", true);
    const codes: string[] = [];
    const note = (error: unknown): void => void codes.push(codeOf(error));
    world.peer?.timeout(1000).emitConfirmed("event", 1).catch(note);
    world.peer?.emitConfirmed("event", 2).catch(note);
    await world.advance(1100);
    expect(codes).toEqual(["ACK_TIMEOUT"]);
    await world.advance(5000);
    expect(codes).toEqual(["ACK_TIMEOUT", "ACK_DISCONNECTED"]);
    await expect(world.peer?.emitConfirmed("event", 3)).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
  });

  it("reports who has a broadcast, and who may not have it", async () => {
    const world = await connected("websocket", { maxDisconnectionDuration: 5000 });
    const id = world.peer?.id;
    const reports: unknown[] = [];
    const report = (promise: Promise<unknown>): void => void promise.then((value) => reports.push(value));
    report(world.io.emitConfirmed("event", 1));
    report(world.io.to("nobody").emitConfirmed("event", 0));
    await world.connect();
    expect(reports).toEqual([
      { confirmed: [], unconfirmed: [] },
      { confirmed: [id], unconfirmed: [] },
    ]);
    world.socket.io.reconnection(false);
    await world.cut("both", true);
    report(world.io.to("room").timeout(1000).emitConfirmed("event", 2));
    report(world.io.to("room").timeout(10_000).emitConfirmed("event", 3));
    await world.advance(1100);
    await world.advance(5000);
    expect(reports.slice(2)).toEqual([
      { confirmed: [], unconfirmed: [id] },
      { confirmed: [], unconfirmed: [id] },
    ]);
  });

  it("is refused where nobody counts", async () => {
    const world = await connected("websocket", false);
    await expect(world.io.emitConfirmed("event", 1)).rejects.toMatchObject({ code: "API_UNAVAILABLE" });
    await expect(world.peer?.emitConfirmed("event", 1)).rejects.toMatchObject({ code: "API_UNAVAILABLE" });
  });
});

describe("without the option, or without the module", () => {
  it.each([
    ["the server's option is off", false, { delivery: delivery() }],
    ["the client has not the module", {}, {}],
  ] as const)("%s: nothing is counted, and nothing is kept", async (_, recovery, options) => {
    const world = await connected("websocket", recovery, options);
    world.emitUp("plain");
    world.emitDown("plain");
    await world.heal();
    const { socket } = world;
    expect(world.faults()).toEqual([]);
    expect([socket.recovered, socket.unconfirmed, socket.lossReason]).toEqual([false, undefined, undefined]);
    await world.cut("both", true);
    await world.heal();
    expect(world.connects).toHaveLength(2);
    expect(socket.unconfirmed).toBeUndefined();
  });

  it("is refused with a limit that lets nothing pass", () => {
    for (const limits of [{ maxPackets: 0 }, { maxBytes: Number.NaN }, { maxBytes: -1 }]) {
      expect(() => delivery(limits)).toThrow(expect.objectContaining({ code: "API_INVALID_OPTION" }));
    }
  });
});

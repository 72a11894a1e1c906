// A session over two pages, with what a browser does between them. The rest of acknowledged delivery is in delivery.test.ts.
import { describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { DeliveryWorld } from "../../support/delivery-world.js";

const connected = (...given: ConstructorParameters<typeof DeliveryWorld>): Promise<DeliveryWorld> =>
  new DeliveryWorld(...given).connect();

describe("a page that is loaded again", () => {
  function memory() {
    const items = new Map<string, string>();
    return {
      items,
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    };
  }

  it("goes on where the page before it was, both ways, bytes too", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    const { id } = world.socket;
    const bytes: unknown[] = [];
    world.peer?.on("event", (_n: number, sent: unknown) => bytes.push(sent));
    world.io.on("connection", (socket) => socket.on("event", (_n: number, sent: unknown) => bytes.push(sent)));
    world.emitUp("plain");
    await world.connect();
    world.emitUp("binary");
    world.emitUp("volatile");
    world.emitUp("plain");
    world.emitDown("plain");
    await world.settle();
    await world.reload();
    world.emitUp("plain");
    world.emitDown("room");
    await world.heal();
    expect(world.faults()).toEqual([]);
    expect(bytes).toEqual([undefined, Uint8Array.of(1, 2, 2), undefined, undefined]);
    expect(world.connects).toEqual([false, true]);
    expect(world.socket.id).toBe(id);
    expect(storage.items.size).toBe(0);
  });

  it("sends what was waiting for a connection, and does not take the answers to the page before for its own", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    const answers: unknown[] = [];
    world.socket.emit("ask", 100, (answer: unknown) => answers.push(["before", answer]));
    await world.settle();
    await world.cut("both", true);
    world.emitUp("plain");
    await world.reload();
    world.socket.emit("ask", 101, (answer: unknown) => answers.push(["after", answer]));
    await world.heal();
    expect(world.up.heard).toEqual([100, 1, 101]);
    expect(answers).toEqual([["after", 101]]);
  });

  it("is told what is in doubt when it comes too late", async () => {
    const storage = memory();
    const world = await connected("websocket", { maxDisconnectionDuration: 5000 }, { delivery: delivery({ storage }) });
    world.emitUp("plain");
    await world.settle();
    world.socket.io.engine.transport?.discard();
    await world.cut("server", true);
    await world.advance(6000);
    await world.reload();
    await world.heal();
    expect(world.reasons).toEqual(["expired"]);
    expect(world.unconfirmed).toEqual([["event", 1]]);
  });

  it("goes on with what came and went after it was written, while the page was not gone yet", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    world.hide();
    world.emitUp("plain");
    world.emitDown("plain");
    await world.connect();
    await world.reload();
    await world.heal();
    expect(world.recoveries).toEqual([false, true]);
    expect(world.faults()).toEqual([]);
  });

  it("has its session again when it comes out of the back/forward cache", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    world.hide();
    await world.cut("both", true);
    world.emitDown("plain");
    await world.heal();
    expect(world.recoveries).toEqual([false, true]);
    expect(storage.items.size).toBe(0);
    expect(world.faults()).toEqual([]);
  });

  it("is told that another page has taken its session meanwhile, and takes it from nobody", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    world.hide();
    await world.cut("both", true);
    const first = world.socket;
    const second = world.another();
    const returns: unknown[] = [];
    for (const socket of [first, second])
      socket.once("connect", () => returns.push([socket === second, socket.recovered, socket.lossReason]));
    await world.heal();
    expect(returns.sort()).toEqual([
      [false, false, "unknown session"],
      [true, true, undefined],
    ]);
  });

  it("sends what was waiting whole: bytes, answers, errors for answers, and what the queue of retries had not sent", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }), retries: 2 });
    const heard: unknown[][] = [];
    world.io.on("connection", (socket) => socket.onAny((...event) => heard.push(event)));
    const results: unknown[] = [];
    const answers: ((answer: unknown) => void)[] = [];
    world.socket.on("question", (answer: (answer: unknown) => void) => answers.push(answer));
    for (let n = 0; n < 2; n++) world.peer?.emitWithAck("question").then(...both(results));
    await world.connect();
    for (let n = 0; n < 20; n++) world.emitUp("plain");
    await world.settle();
    await world.cut("both", true);
    answers[0]?.({ bytes: Uint8Array.of(7) });
    answers[1]?.(new Error("no idea"));
    world.socket.emit("bytes", Buffer.from([1, 2]), { deep: Uint8Array.of(3) });
    await world.reload();
    await world.heal();
    expect(world.recoveries).toEqual([false, true]);
    expect(world.up.heard).toEqual(world.up.sent);
    expect(heard.filter(([name]) => name === "bytes")).toEqual([
      ["bytes", Uint8Array.of(1, 2), { deep: Uint8Array.of(3) }],
    ]);
    expect(results).toEqual([{ bytes: Uint8Array.of(7) }, "no idea"]);
  });

  it("is told of all that is in doubt, bytes too, but not of volatile events nor of what an outbox has", async () => {
    const storage = memory();
    const world = await connected(
      "websocket",
      { maxDisconnectionDuration: 5000 },
      { delivery: delivery({ storage }), retries: 1 },
    );
    const { _delivery, io, nsp } = world.socket;
    _delivery?.announce("outbox", 0);
    await world.connect();
    world.emitUp("binary");
    world.emitUp("volatile");
    _delivery?.sendEntry(1, io._encode({ type: 2, nsp, data: ["of the outbox"] }));
    world.emitUp("plain");
    await world.settle();
    world.socket.io.engine.transport?.discard();
    await world.cut("server", true);
    await world.advance(6000);
    for (let again = 0; again < 2; again++) await world.reload();
    await world.heal();
    expect(world.reasons).toEqual(["expired"]);
    expect(world.unconfirmed).toEqual([
      ["event", 1, Uint8Array.of(1, 2, 1)],
      ["event", 3],
    ]);
  });

  it("goes on although it is loaded again before it has a connection", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    world.emitUp("plain");
    await world.settle();
    for (let again = 0; again < 3; again++) {
      world.hide();
      await world.cut("both", true);
      world.socket.io._close();
      world.socket.off();
      world.another();
    }
    await world.heal();
    expect(world.recoveries).toEqual([false, true]);
    expect(world.faults()).toEqual([]);
  });

  it("goes on although the answer to the page before it was lost", async () => {
    const storage = memory();
    const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
    world.hide();
    await world.cut("both", true);
    world.socket.io._close();
    world.another();
    for (const lane of ["up", "down", "up"] as const) await world.step(lane);
    expect(world.recoveries).toEqual([false, true]);
    expect(world.socket.connected).toBe(false);
    await world.reload();
    await world.heal();
    expect(world.recoveries).toEqual([false, true, true]);
    expect(world.socket.recovered).toBe(true);
  });

  it.each([true, false])(
    "has a session alone, although its tab was duplicated while it was in the back/forward cache; it is first: %s",
    async (isFirst) => {
      const storage = memory();
      const copy = memory();
      const options = { delivery: delivery({ storage }) };
      const world = await connected("websocket", {}, options);
      const { id } = world.socket;
      const page = world.socket;
      const heard: unknown[] = [];
      world.io.on("connection", (socket) => socket.on("from", (who: string) => heard.push(who)));
      world.hide();
      await world.cut("both", true);
      for (const [key, value] of storage.items) copy.setItem(key, value);
      if (isFirst) await everything(world, 4);
      const duplicate = world.another({ delivery: delivery({ storage: copy }) });
      await everything(world, 20);
      const [winner, loser] = isFirst ? [page, duplicate] : [duplicate, page];
      expect([winner.id, winner.recovered, loser.recovered, loser.lossReason]).toEqual([
        ...[id, true, false, "unknown session"],
      ]);
      // It does not go to and fro between the two.
      expect(world.links).toHaveLength(3);
      page.emit("from", "page");
      duplicate.emit("from", "duplicate");
      await everything(world, 2);
      expect(heard.sort()).toEqual(["duplicate", "page"]);
      expect(world.lost).toEqual([]);
    },
  );

  it.each(["", "null", "7", "{", '{"pid":1}', '{"pid":"x","log":[["nonsense"]],"waiting":[]}'])(
    "begins anew where its storage holds %j",
    async (text) => {
      const storage = memory();
      const world = await connected("websocket", {}, { delivery: delivery({ storage }) });
      world.hide();
      for (const key of storage.items.keys()) storage.setItem(key, text);
      await world.cut("both", true);
      world.socket.io._close();
      world.another();
      world.emitUp("plain");
      await world.heal();
      expect(world.up.heard).toEqual([1]);
      expect(world.socket.lossReason).toBe(undefined);
    },
  );
});

/** Takes what becomes of a promise. */
function both(results: unknown[]): [(value: unknown) => void, (error: Error) => void] {
  return [(value) => results.push(value), (error) => results.push(error.message)];
}

/** A good network on all connections, also on those that are not the newest. */
async function everything(world: DeliveryWorld, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (let again = 0; again < 8; again++) {
      for (let age = 0; age < world.links.length; age++)
        for (const lane of ["up", "down"] as const) await world.step(lane, age);
    }
    await world.advance(100);
  }
}

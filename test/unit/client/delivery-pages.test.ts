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
});

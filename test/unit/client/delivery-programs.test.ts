// What programs do while a connection is lost, or because it is: their listeners, their late answers, their Blobs, and the queue of `retries`.
import { describe, expect, it } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { DeliveryWorld } from "../../support/delivery-world.js";

const connected = (...given: ConstructorParameters<typeof DeliveryWorld>): Promise<DeliveryWorld> =>
  new DeliveryWorld(...given).connect();

/** The client comes back, and the server's answer and what was missed come in one turn, so that the listeners of `connect` run first. */
async function arriveAtOnce(world: DeliveryWorld): Promise<void> {
  await world.advance(100);
  const wires = world.links[1]?.wires;
  // The opening, the open packet, CONNECT.
  await world.step("up");
  await world.step("down");
  await world.step("up");
  expect(wires?.down.length).toBe(5);
  wires?.down.stepAll();
  await world.settle();
}

/** A Blob that is read when the test says so. */
class FakeBlob {
  read: (bytes: Uint8Array) => void = () => {};
  fail: (error: Error) => void = () => {};
  readonly bytes: Promise<Uint8Array> = new Promise((resolve, reject) => {
    this.read = resolve;
    this.fail = reject;
  });
}

describe("the queue of retries", () => {
  it("sends what was in doubt, and what waited for room in the log, once and in order in the next session", async () => {
    const world = await connected(
      "websocket",
      { maxDisconnectionDuration: 3000 },
      { delivery: delivery({ maxPackets: 2 }), retries: 3 },
    );
    for (let n = 0; n < 6; n++) world.emitUp("ack");
    await world.cut("both", true);
    world.serverPlatform.advance(4000);
    await world.heal();
    expect(world.reasons).toEqual(["expired"]);
    expect(world.unconfirmed).toEqual([]);
    expect(world.up.heard).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("sends once what was emitted when the server's ping was overdue", async () => {
    const world = await connected("websocket", false, { retries: 3 });
    // Its timers were throttled: none has fired yet.
    const { now } = world.platform;
    world.platform.now = () => now() + 60_000;
    world.emitUp("ack");
    world.emitUp("ack");
    expect(world.socket.sendBuffer).toHaveLength(1);
    world.platform.now = now;
    await world.heal();
    expect(world.connects).toEqual([false, false]);
    expect(world.up.heard).toEqual([1, 2]);
  });
});

describe("a listener", () => {
  it("that cuts the connection loses nothing of what came with the return", async () => {
    const world = await connected();
    await world.cut("both", true);
    for (let n = 0; n < 4; n++) world.emitDown("plain");
    world.socket.once("event", () => world.socket.io.engine.close());
    await arriveAtOnce(world);
    expect(world.socket.connected).toBe(false);
    await world.heal();
    expect(world.connects).toEqual([false, true, true]);
    expect(world.faults()).toEqual([]);
  });

  it("that disconnects hears nothing more", async () => {
    const world = await connected();
    await world.cut("both", true);
    for (let n = 0; n < 4; n++) world.emitDown("plain");
    world.socket.once("event", () => world.socket.disconnect());
    await arriveAtOnce(world);
    await world.heal(20);
    expect(world.down.heard).toEqual([1]);
  });

  it("of outgoing events that emits while the send buffer leaves, emits behind it", async () => {
    const world = await connected();
    await world.cut("both", true);
    for (let n = 0; n < 3; n++) world.emitUp("plain");
    let isFirst = true;
    world.socket.onAnyOutgoing(() => {
      if (isFirst) {
        isFirst = false;
        world.emitUp("plain");
      }
    });
    await world.heal();
    expect(world.up.heard).toEqual([1, 2, 3, 4]);
  });

  it("of what leaves the connection, at either end, that emits then does not confuse who counts", async () => {
    for (const lane of ["up", "down"] as const) {
      const world = await connected();
      const emit = () => (lane === "up" ? world.emitUp("plain") : world.emitDown("plain"));
      let isFirst = true;
      const listen = () => {
        if (isFirst) {
          isFirst = false;
          emit();
        }
      };
      if (lane === "up") world.socket.io.engine.on("packetCreate", listen);
      else if (world.links[0] !== undefined) world.links[0].session.observer = { onPacketCreate: listen };
      emit();
      await world.settle();
      await world.step(lane);
      await world.cut("both", true);
      await world.heal();
      expect(world.faults()).toEqual([]);
    }
  });
});

describe("an answer that comes late", () => {
  it("is not given in a session of another server, where its id is another event's", async () => {
    const world = await connected();
    const answers: ((text: string) => void)[] = [];
    const results: unknown[] = [];
    world.socket.on("later", (answer: (text: string) => void) => answers.push(answer));
    world.peer?.emit("later", (text: string) => results.push(["the first server", text]));
    await world.connect();
    await world.restart();
    await world.heal(10);
    world.peer?.emit("later", (text: string) => results.push(["the second server", text]));
    await world.connect();
    await world.cut("both", true);
    answers[0]?.("for the first");
    answers[1]?.("for the second");
    await world.heal();
    expect(results).toEqual([["the second server", "for the second"]]);
  });
});

const blobs = (value: object) => (value instanceof FakeBlob ? value.bytes : undefined);

describe("Blobs", () => {
  it("that are read when the connection is gone keep their place before what was emitted since", async () => {
    const world = await connected("websocket", {}, { delivery: delivery() }, blobs);
    const given = [new FakeBlob(), new FakeBlob()] as const;
    for (const blob of given) world.socket.emit("event", world.up.sent.push(world.up.sent.length + 1), blob);
    world.emitUp("plain");
    await world.cut("both", true);
    world.socket.emit("event", 4);
    given[1].read(Uint8Array.of(1));
    given[0].read(Uint8Array.of(1));
    await world.heal();
    expect(world.up.heard.slice(0, 2)).toEqual([1, 2]);
    expect(world.up.heard.slice(-1)).toEqual([4]);
  });

  it("that are read in the session behind the one in which they were emitted are sent in it", async () => {
    const world = await connected("websocket", {}, { delivery: delivery() }, blobs);
    const blob = new FakeBlob();
    world.socket.emit("event", 1, blob);
    await world.restart();
    await world.heal(10);
    expect(world.socket.connected).toBe(true);
    blob.read(Uint8Array.of(1));
    world.socket.emit("event", 2);
    await world.heal(10);
    expect(world.up.heard).toEqual([1, 2]);
  });

  it("that cannot be read fail their event, and no other", async () => {
    const world = await connected("websocket", {}, { delivery: delivery() }, blobs);
    const reported: unknown[] = [];
    world.socket.io.on("error", (error) => reported.push(error.message));
    const [told, untold] = [new FakeBlob(), new FakeBlob()];
    const results = world.socket.emitWithAck("ask", 1, told).catch((error: Error) => error.message);
    world.socket.emit("event", 2, untold);
    world.socket.emit("event", 3);
    told.fail(new Error("the file is gone"));
    untold.fail(new Error("it is gone too"));
    await world.heal(10);
    expect(await results).toBe("the file is gone");
    expect(reported).toEqual(["it is gone too"]);
    expect(world.up.heard).toEqual([3]);
  });
});

describe("a socket that disconnects while a Blob is read", () => {
  it("tells the server at once, which another namespace keeps connected, and sends its event with the next connect", async () => {
    const world = await connected("websocket", {}, { delivery: delivery() }, blobs);
    const other = world.socket.io.socket("/other");
    world.io.of("/other");
    await world.connect();
    other.connect();
    await world.connect();
    const blob = new FakeBlob();
    world.socket.emit("event", 1, blob);
    world.socket.disconnect();
    await world.connect();
    expect(world.io.sockets.sockets.size).toBe(0);
    blob.read(Uint8Array.of(1));
    await world.settle();
    world.socket.connect();
    await world.heal(10);
    expect(world.up.heard).toEqual([1]);
    expect(other.connected).toBe(true);
    expect(world.links).toHaveLength(1);
  });
});

describe("what was not confirmed when a session was lost", () => {
  it("has no volatile events", async () => {
    const world = await connected();
    world.emitUp("volatile");
    world.emitUp("plain");
    await world.settle();
    await world.restart();
    await world.heal();
    expect(world.unconfirmed).toEqual([["event", 2]]);
  });
});

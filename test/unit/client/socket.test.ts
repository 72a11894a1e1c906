import { describe, expect, it, vi } from "vitest";
import { delivery } from "../../../src/client/delivery.js";
import { microtasks, OPEN, scene } from "./scripted-host.js";

describe("a socket that connects", () => {
  it("sends CONNECT when the connection opens, and is connected by the answer", () => {
    const { socket, last, sent, receive } = scene();
    const client = socket({}, false);
    const onConnect = vi.fn();
    client.on("connect", onConnect);
    expect(client.active).toBe(true);
    last().accept();
    expect(sent()).toEqual(["40"]);
    receive('40{"sid":"s1"}');
    expect(onConnect).toHaveBeenCalledTimes(1);
    expect([client.id, client.connected, client.disconnected, client.recovered]).toEqual(["s1", true, false, false]);
  });

  it("sends the auth object, and evaluates a function at each connect", () => {
    const one = scene();
    one.socket({ auth: { token: "a" } }, false);
    one.last().accept();
    expect(one.sent()).toEqual(['40{"token":"a"}']);

    const two = scene();
    let n = 0;
    two.socket({ auth: (cb) => cb({ n: ++n }) }, false);
    two.last().accept();
    expect(two.sent()).toEqual(['40{"n":1}']);
    two.receive('40{"sid":"s1"}');
    two.last().fail(undefined as never);
    two.platform.advance(1000);
    two.last().accept();
    expect(two.sent()).toEqual(['40{"n":2}']);
  });

  it("ignores an auth function that answers after the connection was replaced, and its second answer", () => {
    const { socket, last, sent, platform } = scene();
    const answers: ((data: object) => void)[] = [];
    socket({ auth: (cb) => void answers.push(cb) }, false);
    last().accept();
    last().fail(undefined as never);
    platform.advance(1000);
    last().accept();
    answers[0]!({ late: true });
    expect(sent()).toEqual([]);
    answers[1]!({ n: 1 });
    answers[1]!({ n: 2 });
    expect(sent()).toEqual(['40{"n":1}']);
  });

  it("answers the envelope of our own server, and only that", () => {
    const { socket, last, sent } = scene();
    const auth = { token: "a" };
    socket({ auth }, false);
    last().accept(OPEN.replace("}", ',"vaiven":{"v":1,"caps":["x"]}}'));
    expect(sent()).toEqual(['40{"token":"a","vaiven":{"v":1,"caps":["ack-errors","drain","refresh"]}}']);
    expect(auth).toEqual({ token: "a" });
  });

  it("sends what was emitted before, in order, before `connect` is emitted", () => {
    const { socket, last, sent, receive } = scene();
    const client = socket({}, false);
    client.emit("a", 1);
    client.volatile.emit("dropped");
    client.emit("b", 2, () => {});
    client.on("connect", () => client.emit("c"));
    expect(client.sendBuffer.length).toBe(2);
    last().accept();
    receive('40{"sid":"s1"}');
    expect(sent()).toEqual(["40", '42["a",1]', '420["b",2]', '42["c"]']);
    expect(client.sendBuffer).toEqual([]);
  });

  it("emits events of the same read after `connect`, also to listeners added in the same turn", async () => {
    const { socket, last, receive } = scene();
    const client = socket({}, false);
    const order: string[] = [];
    const connected = new Promise<void>((resolve) => client.once("connect", () => resolve()));
    client.on("connect", () => order.push("connect"));
    const later = connected.then(() => client.on("news", (n) => order.push(`news ${n}`)));
    last().accept();
    receive('42["news",0]', '40{"sid":"s1"}', '42["news",1]', '42["news",2]');
    await later;
    await microtasks();
    expect(order).toEqual(["connect", "news 0", "news 1", "news 2"]);
  });

  it("delivers what stands before a DISCONNECT of the same read, and nothing after it", () => {
    const { socket, last, receive } = scene();
    const client = socket({}, false);
    const order: string[] = [];
    client.on("news", (n) => order.push(`news ${n}`));
    client.on("disconnect", (reason) => order.push(reason));
    last().accept();
    receive('40{"sid":"s1"}', '42["news",1]', "41", '42["news",2]');
    expect(order).toEqual(["news 1", "io server disconnect"]);
    expect([client.connected, client.active, client.id]).toEqual([false, false, undefined]);
  });

  it("tells a refusal with its data, and does not try again by itself", () => {
    const { socket, last, receive, platform, transports } = scene();
    const client = socket({}, false);
    const errors: unknown[] = [];
    client.on("connect_error", (error) => errors.push([error.message, error.data]));
    last().accept();
    receive('44{"message":"not authorized","data":{"code":7}}');
    platform.advance(100_000);
    expect(errors).toEqual([["not authorized", { code: 7 }]]);
    expect([client.active, transports.length]).toEqual([false, 1]);
    client.connect();
    expect(transports.length).toBe(2);
  });

  it("tells that a server of Socket.IO 2 is one", () => {
    const { socket, last, receive } = scene();
    const client = socket({}, false);
    const onError = vi.fn();
    client.on("connect_error", onError);
    last().accept();
    receive("40");
    expect(onError.mock.calls[0]![0].code).toBe("CONNECT_REFUSED");
    expect(client.connected).toBe(false);
  });

  it("is recovered when the server knows its private id, and sends the last offset", async () => {
    const { socket, last, receive, sent, platform } = scene();
    const client = socket({ auth: { a: 1 } }, false);
    last().accept();
    receive('40{"sid":"s1","pid":"p1"}');
    await microtasks();
    receive('42["news",1,"offset1"]', '42["plain",2]');
    sent();
    last().fail(undefined as never);
    platform.advance(1000);
    last().accept();
    expect(sent()).toEqual(['40{"pid":"p1","offset":"offset1","a":1}']);
    receive('40{"sid":"s1","pid":"p1"}');
    expect(client.recovered).toBe(true);
    last().fail(undefined as never);
    platform.advance(1000);
    last().accept();
    receive('40{"sid":"s2","pid":"p2"}');
    expect([client.recovered, client.id]).toEqual([false, "s2"]);
  });
});

describe("events", () => {
  it("refuse reserved names", () => {
    const client = scene().socket();
    for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
      expect(() => client.emit(name)).toThrow(`"${name}" is a reserved event name`);
    }
  });

  it("carry bytes both ways", async () => {
    const { socket, sent, receive } = scene();
    const client = socket();
    await microtasks();
    const listener = vi.fn();
    client.on("bytes", listener);
    client.emit("bytes", new Uint8Array([1, 2]));
    expect(sent()).toEqual(['451-["bytes",{"_placeholder":true,"num":0}]', new Uint8Array([1, 2])]);
    receive('451-["bytes",{"_placeholder":true,"num":0}]', new Uint8Array([3]));
    expect(listener.mock.calls).toEqual([[new Uint8Array([3])]]);
  });

  it("reach catch-all listeners, the incoming before the event's own, the outgoing when they leave", async () => {
    const { socket, receive } = scene();
    const client = socket();
    await microtasks();
    const seen: unknown[][] = [];
    client.onAny((...args) => seen.push(["any", ...args]));
    client.prependAny((...args) => seen.push(["first", ...args]));
    client.on("news", (...args) => seen.push(["on", ...args]));
    client.onAnyOutgoing((...args) => seen.push(["out", ...args]));
    receive('42["news",1]');
    client.emit("go", 2);
    expect(seen).toEqual([
      ["first", "news", 1],
      ["any", "news", 1],
      ["on", 1],
      ["out", "go", 2],
    ]);
  });

  it("are acknowledged once, and not after the socket has left", async () => {
    const { socket, receive, sent } = scene();
    const client = socket();
    await microtasks();
    const acks: ((...args: unknown[]) => void)[] = [];
    client.on("ask", (_, ack) => acks.push(ack));
    receive('425["ask",1]', '426["ask",2]');
    acks[0]!("a", 1);
    acks[0]!("b");
    expect(sent()).toEqual(['435["a",1]']);
    client.disconnect();
    sent();
    acks[1]!("late");
    expect(sent()).toEqual([]);
  });

  it("of a throwing listener do not disturb the connection", async () => {
    const { socket, receive, platform } = scene();
    const client = socket();
    await microtasks();
    const listener = vi.fn();
    client.on("bad", () => {
      throw new Error("mine");
    });
    client.on("good", listener);
    expect(() => receive('42["bad"]', '42["good"]')).toThrow("mine");
    platform.settle();
    expect(listener).toHaveBeenCalledTimes(1);
    expect(client.connected).toBe(true);
  });

  it("larger than the server takes fail, and the connection lives", async () => {
    const { socket, sent } = scene();
    const client = socket();
    const big = "x".repeat(2000);
    const reported = vi.spyOn(console, "error").mockImplementation(() => {});
    const tooBig = expect.objectContaining({ code: "PACKET_TOO_BIG", message: expect.stringContaining('"big"') });
    client.emit("big", big, () => {});
    expect(reported.mock.calls).toEqual([[tooBig]]);
    reported.mockRestore();
    const onError = vi.fn();
    client.io.on("error", onError);
    client.emit("big", big);
    expect(onError.mock.calls).toEqual([[tooBig]]);
    await expect(client.emitWithAck("big", big)).rejects.toMatchObject({ code: "PACKET_TOO_BIG" });
    expect(sent()).toEqual([]);
    expect(client.connected).toBe(true);
  });

  it("that are volatile are dropped while something waits", () => {
    const { socket, sent, last } = scene();
    const client = socket();
    client.volatile.emit("first");
    client.volatile.emit("second");
    expect(sent()).toEqual(['42["first"]']);
    last().writable = false;
    client.volatile.emit("third");
    client.emit("fourth");
    last().writable = true;
    last().sink.onWritable();
    expect(sent()).toEqual(['42["fourth"]']);
  });
});

describe("acknowledgements", () => {
  it("call back with what the server says", () => {
    const { socket, receive } = scene();
    const client = socket();
    const plain = vi.fn();
    const timed = vi.fn();
    client.emit("a", plain);
    client.timeout(100).emit("b", timed);
    receive('430["x",1]', '431["y"]', '431["again"]', '439["unknown"]');
    expect([plain.mock.calls, timed.mock.calls]).toEqual([[["x", 1]], [[null, "y"]]]);
  });

  it("time out, and what still waited to be sent is not sent any more", () => {
    const { socket, platform, last, receive, sent } = scene();
    const client = socket({}, false);
    const timed = vi.fn();
    client.timeout(100).emit("a", timed);
    client.emit("b");
    platform.advance(99);
    expect(timed).not.toHaveBeenCalled();
    platform.advance(1);
    expect(timed.mock.calls[0]![0].code).toBe("ACK_TIMEOUT");
    last().accept();
    receive('40{"sid":"s1"}');
    expect(sent()).toEqual(["40", '42["b"]']);
  });

  it("settle when the connection is lost, plain callbacks being released", async () => {
    const { socket, last } = scene();
    const client = socket();
    const plain = vi.fn();
    const timed = vi.fn();
    client.emit("a", plain);
    client.timeout(1000).emit("b", timed);
    const promise = client.emitWithAck("c");
    last().fail(undefined as never);
    expect(timed.mock.calls[0]![0].code).toBe("ACK_DISCONNECTED");
    await expect(promise).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
    expect(plain).not.toHaveBeenCalled();
  });

  it("of what waits for a connection outlive the loss of another attempt, but not an explicit disconnect", async () => {
    const { socket, last, platform, receive } = scene();
    const client = socket();
    last().fail(undefined as never);
    const kept = client.emitWithAck("kept");
    platform.advance(1000);
    last().accept();
    receive('40{"sid":"s2"}');
    receive('430["yes"]');
    await expect(kept).resolves.toBe("yes");
    last().fail(undefined as never);
    const given = client.emitWithAck("given up");
    client.disconnect();
    await expect(given).rejects.toMatchObject({ code: "ACK_DISCONNECTED" });
    expect(client.sendBuffer).toEqual([]);
  });

  it("have the time of `ackTimeout` where `timeout()` says nothing", () => {
    const { socket, platform } = scene();
    const client = socket({ ackTimeout: 50 });
    const callback = vi.fn();
    client.emit("a", callback);
    platform.advance(50);
    expect(callback.mock.calls[0]![0].code).toBe("ACK_TIMEOUT");
  });
});

describe("retries", () => {
  it("send again what was not acknowledged in time, in the order of the queue, and give up after the last", () => {
    const { socket, platform, sent, receive } = scene();
    const client = socket({ retries: 1, ackTimeout: 100 });
    const first = vi.fn();
    client.emit("a", first);
    client.emit("b");
    expect(sent()).toEqual(['420["a"]']);
    platform.advance(100);
    expect(sent()).toEqual(['421["a"]']);
    platform.advance(100);
    expect(first.mock.calls[0]![0].code).toBe("ACK_TIMEOUT");
    expect(sent()).toEqual(['422["b"]']);
    receive('432["done"]');
    expect(sent()).toEqual([]);
  });

  it("send nothing behind an event that may have to be sent again: handlers see 1, 1, 2", () => {
    const { socket, platform, sent, receive } = scene();
    const client = socket({ retries: 2, ackTimeout: 60 });
    const settled: unknown[] = [];
    for (const n of [1, 2]) client.emit("r", n, (error: unknown) => settled.push([n, error]));
    platform.advance(60);
    receive("431[]");
    receive("432[]");
    expect(sent()).toEqual(['420["r",1]', '421["r",1]', '422["r",2]']);
    expect(settled).toEqual([
      [1, null],
      [2, null],
    ]);
  });

  it("survive the loss of the connection, and do not count it as a try", () => {
    const { socket, platform, sent, receive, last } = scene();
    const client = socket({ retries: 1 });
    const callback = vi.fn();
    client.emit("a", callback);
    for (let loss = 0; loss < 3; loss++) {
      last().fail(undefined as never);
      platform.advance(1000);
      sent();
      last().accept();
      receive('40{"sid":"s2"}');
      expect(sent()).toContainEqual(expect.stringMatching(/^42\d+\["a"\]$/));
    }
    receive('433["ok"]');
    expect(callback.mock.calls).toEqual([[null, "ok"]]);
  });

  it("keep a window of events under way where both ends count them", () => {
    const { socket, sent, receive, last } = scene();
    const client = socket({ retries: 2, delivery: delivery() }, false);
    last().accept(OPEN.replace("}", ',"vaiven":{"v":1,"caps":["delivery"]}}'));
    receive('40{"sid":"s1","vaiven":{"pid":"p","keep":1000}}');
    sent();
    for (let n = 0; n < 20; n++) client.emit("n", n);
    expect(sent().length).toBe(16);
    receive("430[]");
    expect(sent()).toEqual(['4216["n",16]']);
  });

  it("send one at a time on a connection to a server that does not count, whatever was under way before", () => {
    const { socket, sent, receive, last, platform } = scene();
    const client = socket({ retries: 2, delivery: delivery() }, false);
    last().accept(OPEN.replace("}", ',"vaiven":{"v":1,"caps":["delivery"]}}'));
    receive('40{"sid":"s1","vaiven":{"pid":"p","keep":1000}}');
    for (const n of [1, 2]) client.emit("n", n);
    sent();
    last().fail(undefined as never);
    platform.advance(1000);
    last().accept();
    receive('40{"sid":"s2"}');
    expect(sent()).toEqual(["40", '422["n",1]']);
    receive("432[]");
    expect(sent()).toEqual(['423["n",2]']);
  });
});

describe("Blobs", () => {
  class FakeBlob {
    read: (bytes: Uint8Array) => void = () => {};
    readonly bytes = new Promise<Uint8Array>((resolve) => {
      this.read = resolve;
    });
  }
  const withBlobs = () => scene({ blobBytes: (value) => (value instanceof FakeBlob ? value.bytes : undefined) });

  it("become bytes before their packet leaves, and later events wait for them", async () => {
    const { socket, sent } = withBlobs();
    const client = socket();
    const blob = new FakeBlob();
    const data = { deep: [blob], same: 1 };
    client.emit("blob", data);
    client.emit("after");
    expect(sent()).toEqual([]);
    blob.read(new Uint8Array([9]));
    await microtasks();
    expect(sent()).toEqual([
      '451-["blob",{"deep":[{"_placeholder":true,"num":0}],"same":1}]',
      new Uint8Array([9]),
      '42["after"]',
    ]);
    expect(data.deep[0]).toBe(blob);
    client.emit("at once");
    expect(sent()).toEqual(['42["at once"]']);
  });

  it("that are read when the connection is gone wait for the next one", async () => {
    const { socket, sent, last, platform, receive } = withBlobs();
    const client = socket();
    const blob = new FakeBlob();
    client.emit("blob", blob);
    last().fail(undefined as never);
    blob.read(new Uint8Array([9]));
    await microtasks();
    platform.advance(1000);
    last().accept();
    receive('40{"sid":"s2"}');
    expect(sent()).toEqual(["40", '451-["blob",{"_placeholder":true,"num":0}]', new Uint8Array([9])]);
  });
});

describe("a socket that disconnects", () => {
  it("says so behind what it emitted, and closes the connection as the last one", () => {
    const { socket, sent, last, platform, transports } = scene();
    const client = socket();
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    client.emit("a");
    client.disconnect();
    expect(sent()).toEqual(['42["a"]', "41"]);
    expect(reasons).toEqual(["io client disconnect"]);
    expect(last().ended).toBe(true);
    platform.advance(100_000);
    expect(transports.length).toBe(1);
    expect(client.active).toBe(false);
  });

  it("leaves a connection to the other namespaces that use it", () => {
    const { manager, last, receive, sent } = scene();
    const shared = manager();
    const one = shared.socket("/");
    const two = shared.socket("/two");
    last().accept();
    receive('40{"sid":"s1"}', '40/two,{"sid":"s2"}');
    one.disconnect();
    expect(sent()).toEqual(["40", "40/two,", "41"]);
    expect(two.connected).toBe(true);
    expect(last().ended).toBe(false);
  });

  it.each([
    ["accepts", '40/two,{"sid":"s2"}', ["41/two,", '40/two,{"visit":2}']],
    ["refuses", '44/two,{"message":"no"}', ['40/two,{"visit":2}']],
  ])("and connects again before the server has answered asks once it has, if the server %s", (_, answer, asked) => {
    const { manager, last, receive, sent } = scene();
    const shared = manager();
    shared.socket("/");
    let visits = 0;
    const two = shared.socket("/two", { auth: (answer) => answer({ visit: ++visits }) });
    const heard: unknown[] = [];
    two.on("event", (n) => heard.push(n));
    two.on("connect_error", ({ message }) => heard.push(message));
    last().accept();
    expect(sent()).toEqual(["40", '40/two,{"visit":1}']);
    two.disconnect();
    two.connect();
    two.emit("hello");
    expect(sent()).toEqual([]);
    receive('40{"sid":"s1"}', answer, '42/two,["event","of the session before"]');
    expect(sent()).toEqual(asked);
    expect(two.connected).toBe(false);
    receive('40/two,{"sid":"s3"}', '42/two,["event",1]');
    expect([two.id, sent()]).toEqual(["s3", ['42/two,["hello"]']]);
    expect(last().ended).toBe(false);
    return microtasks().then(() => expect(heard).toEqual([1]));
  });

  it("before the server has answered is not kept by the server", () => {
    const { manager, last, receive, sent } = scene();
    const shared = manager();
    shared.socket("/");
    const two = shared.socket("/two");
    last().accept();
    two.disconnect();
    sent();
    receive('40{"sid":"s1"}', '40/two,{"sid":"s2"}');
    expect(sent()).toEqual(["41/two,"]);
    expect(two.connected).toBe(false);
  });
});

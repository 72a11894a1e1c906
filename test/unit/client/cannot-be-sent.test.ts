// What cannot be sent: the caller is told; where there is no caller any more, the Manager's `error`. Never an uncaught error.
import { afterEach, describe, expect, it, vi } from "vitest";
import { microtasks, OPEN, scene } from "./scripted-host.js";

const code = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code;
const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;
/** More than the 1000 bytes that the scripted server takes. */
const BIG = "x".repeat(2000);

function thrownBy(fn: () => unknown): unknown {
  try {
    fn();
  } catch (error) {
    return error;
  }
  return undefined;
}

afterEach(() => void vi.restoreAllMocks());

describe("an event that cannot be encoded, emitted without a connection", () => {
  it.each([
    ["BigInt", 10n, "PACKET_INVALID_JSON"],
    ["a cycle", cyclic, "PACKET_CYCLIC"],
  ])("is thrown at its caller: %s", (_name, value, expected) => {
    const { socket, last, sent, receive } = scene();
    const client = socket({}, false);
    const heard = vi.fn();
    expect(code(thrownBy(() => client.emit("a", value)))).toBe(expected);
    expect(code(thrownBy(() => client.emit("a", value, heard)))).toBe(expected);
    expect(client.sendBuffer).toEqual([]);
    client.emit("b", 1);
    last().accept();
    receive('40{"sid":"s1"}', "430[]");
    expect(sent()).toEqual(["40", '42["b",1]']);
    expect(heard).not.toHaveBeenCalled();
  });

  it("is told to a callback that takes errors, and rejects emitWithAck", async () => {
    const { socket, platform } = scene();
    const client = socket({}, false);
    const heard = vi.fn();
    client.timeout(100).emit("a", 10n, heard);
    const rejected = client.emitWithAck("a", 10n).catch((error) => error);
    platform.settle();
    expect(code(heard.mock.calls[0]![0])).toBe("PACKET_INVALID_JSON");
    expect(code(await rejected)).toBe("PACKET_INVALID_JSON");
    platform.advance(200);
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("is found at the call with retries too", () => {
    const { socket, platform, last, sent, receive } = scene();
    const client = socket({ retries: 1 }, false);
    const heard = vi.fn();
    expect(code(thrownBy(() => client.emit("a", 10n)))).toBe("PACKET_INVALID_JSON");
    client.emit("a", 10n, heard);
    platform.settle();
    expect(heard.mock.calls.map(([error]) => code(error))).toEqual(["PACKET_INVALID_JSON"]);
    client.emit("b");
    last().accept();
    receive('40{"sid":"s1"}');
    expect(sent()).toEqual(["40", '420["b"]']);
  });

  it("does not look into what is volatile: it is dropped", () => {
    const { socket } = scene();
    expect(thrownBy(() => socket({}, false).volatile.emit("a", 10n))).toBeUndefined();
  });
});

describe("an event that waited, and is larger than the server takes", () => {
  it("is dropped and told to the Manager's error; the rest is sent", () => {
    const { socket, last, sent, receive } = scene();
    const client = socket({}, false);
    const errors: unknown[] = [];
    client.io.on("error", (error) => errors.push(code(error)));
    client.emit("big", BIG);
    client.emit("b");
    last().accept();
    receive('40{"sid":"s1"}');
    expect(sent()).toEqual(["40", '42["b"]']);
    expect(errors).toEqual(["PACKET_TOO_BIG"]);
    expect(client.connected).toBe(true);
  });

  it("is written to the console where nobody listens", () => {
    const { socket, last, receive, platform } = scene();
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    const client = socket({}, false);
    client.emit("big", BIG);
    last().accept();
    receive('40{"sid":"s1"}');
    expect(() => platform.settle()).not.toThrow();
    expect(written.mock.calls.map(([error]) => code(error))).toEqual(["PACKET_TOO_BIG"]);
  });

  it("is told to a callback that takes errors, and to nobody else", () => {
    const { socket, last, receive } = scene();
    const client = socket({}, false);
    const onError = vi.fn();
    const heard = vi.fn();
    client.io.on("error", onError);
    client.timeout(100).emit("big", BIG, heard);
    last().accept();
    receive('40{"sid":"s1"}');
    expect(heard.mock.calls.map(([error]) => code(error))).toEqual(["PACKET_TOO_BIG"]);
    expect(onError).not.toHaveBeenCalled();
  });

  it("is told to the Manager's error where it came from the queue of retries without a callback", () => {
    const { socket, last, receive, sent } = scene();
    const client = socket({ retries: 1 }, false);
    const errors: unknown[] = [];
    client.io.on("error", (error) => errors.push(code(error)));
    client.emit("big", BIG);
    client.emit("b");
    last().accept();
    receive('40{"sid":"s1"}');
    expect(errors).toEqual(["PACKET_TOO_BIG"]);
    expect(sent()).toEqual(["40", '421["b"]']);
  });

  it("leaves a listener's own error uncaught, as everywhere", () => {
    const { socket, last, receive } = scene();
    const client = socket({}, false);
    client.onAnyOutgoing(() => {
      throw new Error("mine");
    });
    client.emit("a");
    last().accept();
    expect(() => receive('40{"sid":"s1"}')).toThrow("mine");
  });
});

describe("an event that is thrown at its caller", () => {
  it("leaves no acknowledgement that is waited for", () => {
    const { socket, receive } = scene();
    const client = socket({ maxPendingAcks: 1 });
    const heard = vi.fn();
    expect(code(thrownBy(() => client.emit("a", 10n, heard)))).toBe("PACKET_INVALID_JSON");
    receive("430[]");
    expect(heard).not.toHaveBeenCalled();
    client.emit("b", () => {});
  });
});

describe("credentials that cannot be sent", () => {
  const connectErrors = (auth: unknown) => {
    const world = scene();
    const client = world.socket({ auth: auth as object }, false);
    const errors: { message: string; code: unknown }[] = [];
    client.on("connect_error", (error) => errors.push({ message: error.message, code: code(error) }));
    world.last().accept();
    world.platform.settle();
    return { ...world, client, errors };
  };

  it("are a connect_error, and the socket does not try again by itself", () => {
    const { client, errors, sent, platform, transports, last } = connectErrors({ id: 10n });
    expect(errors.map((error) => error.code)).toEqual(["PACKET_INVALID_JSON"]);
    expect([client.active, client.connected]).toEqual([false, false]);
    platform.advance(100_000);
    expect(transports.length).toBe(1);
    client.auth = { id: 10 };
    client.connect();
    last().accept();
    expect(sent()).toContain('40{"id":10}');
  });

  it("are a connect_error where they are larger than the server takes", () => {
    expect(connectErrors({ big: BIG }).errors.map((error) => error.code)).toEqual(["PACKET_TOO_BIG"]);
  });

  it("are a connect_error where their function throws, or its promise is rejected", async () => {
    const thrown = connectErrors(() => {
      throw new Error("no token");
    });
    expect(thrown.errors).toEqual([{ message: "no token", code: undefined }]);
    expect(thrown.client.active).toBe(false);
    const rejected = connectErrors(async () => {
      throw new Error("no token");
    });
    await microtasks();
    expect(rejected.errors).toEqual([{ message: "no token", code: undefined }]);
  });

  it("are a connect_error where their function answers late", () => {
    let answer: (data: object) => void = () => {};
    const { errors } = connectErrors((cb: (data: object) => void) => {
      answer = cb;
    });
    answer({ id: 10n });
    expect(errors.map((error) => error.code)).toEqual(["PACKET_INVALID_JSON"]);
  });

  it("are told to the Manager's error where the server asked for new ones", () => {
    const { socket, last, receive } = scene();
    let n = 0;
    const client = socket({ auth: (cb) => cb({ id: n++ ? 10n : 1 }) }, false);
    const errors: unknown[] = [];
    client.io.on("error", (error) => errors.push(code(error)));
    last().accept(OPEN.replace("}", ',"vaiven":{"v":1,"caps":["x"]}}'));
    receive('40{"sid":"s1"}', '47["refresh"]');
    expect(errors).toEqual(["PACKET_INVALID_JSON"]);
    expect(client.connected).toBe(true);
  });
});

describe("a refusal without a message", () => {
  it.each([
    ["44{}", ""],
    ['44{"data":1}', ""],
    ['44"text"', "text"],
  ])("has none: %s", (packet, message) => {
    const { socket, last, receive } = scene();
    const messages: string[] = [];
    socket({}, false).on("connect_error", (error) => messages.push(error.message));
    last().accept();
    receive(packet);
    expect(messages).toEqual([message]);
  });
});

// server/strict-event-emitter.ts: an emitter without a table of listeners is one like any other.
import { EventEmitter, getEventListeners, once } from "node:events";
import { describe, expect, it } from "vitest";
import { emitLocally, LateEventEmitter, receiveRejections } from "../../../src/server/strict-event-emitter.js";

class Emitter extends LateEventEmitter<Record<string, (...args: unknown[]) => void>, Record<string, () => void>> {
  hasListenerTable = false;
  readonly rejections: unknown[] = [];
}
receiveRejections(Emitter, (emitter, cause) => emitter.rejections.push(cause));

describe("an emitter whose table of listeners is made late", () => {
  it("answers every question about listeners before there are any", () => {
    const emitter = new Emitter();
    expect(emitter).toBeInstanceOf(EventEmitter);
    expect(emitter.eventNames()).toEqual([]);
    expect([emitter.listenerCount("a"), emitter.listeners("a"), emitter.rawListeners("a")]).toEqual([0, [], []]);
    expect(getEventListeners(emitter, "a")).toEqual([]);
    expect(emitter.getMaxListeners()).toBe(EventEmitter.defaultMaxListeners);
    expect(emitLocally.call(emitter, "a")).toBe(false);
    expect(() => emitLocally.call(emitter, "error", new Error("nobody listens"))).toThrow("nobody listens");
    expect(
      emitter
        .off("a", () => {})
        .removeListener("a", () => {})
        .removeAllListeners()
        .removeAllListeners("a"),
    ).toBe(emitter);
    expect(emitter.hasListenerTable).toBe(false);
  });

  it.each(["on", "addListener", "prependListener", "once", "prependOnceListener"] as const)(
    "makes it with the first %s",
    (method) => {
      const [emitter, other] = [new Emitter(), new Emitter()];
      const heard: unknown[] = [];
      const listener = (value: unknown): void => void heard.push(value);
      const plain: EventEmitter = emitter;
      expect(plain[method]("a", listener)).toBe(emitter);
      emitLocally.call(emitter, "a", 1);
      emitLocally.call(other, "a", 2);
      expect(heard).toEqual([1]);
      expect(emitter.eventNames()).toEqual(method.toLowerCase().includes("once") ? [] : ["a"]);
      expect(other.eventNames()).toEqual([]);
    },
  );

  it("keeps what was set before", () => {
    const emitter = new Emitter();
    emitter.setMaxListeners(99);
    emitter.on("a", () => {});
    expect(emitter.getMaxListeners()).toBe(99);
    emitter.on("b", () => {});
    expect(emitter.eventNames()).toEqual(["a", "b"]);
  });

  it("tells of listeners that are added, the first one too", () => {
    const emitter = new Emitter();
    const added: unknown[] = [];
    emitter.on("newListener", (event) => void added.push(event));
    emitter.once("a", () => {});
    expect(added).toEqual(["a"]);
  });

  it("takes rejections of its listeners", async () => {
    const emitter = new Emitter();
    emitter.on("a", async () => Promise.reject(new Error("late")));
    emitLocally.call(emitter, "a");
    await new Promise((resolve) => setImmediate(resolve));
    expect(emitter.rejections).toEqual([new Error("late")]);
  });

  it("can be awaited, and works through a Proxy", async () => {
    const emitter = new Proxy(new Emitter(), {});
    const next = once(emitter, "a");
    emitLocally.call(emitter, "a", 1);
    expect(await next).toEqual([1]);
  });
});

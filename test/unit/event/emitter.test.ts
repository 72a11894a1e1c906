import { describe, expect, it } from "vitest";
import { Emitter } from "../../../src/event/emitter.js";

class Open extends Emitter {
  arrive(...event: unknown[]): void {
    this.notifyIncoming(event);
  }
  leave(...event: unknown[]): void {
    this.notifyOutgoing(event);
  }
}

describe("Emitter", () => {
  it("calls listeners in the order in which they were added, with all arguments and itself as this", () => {
    const emitter = new Emitter();
    const calls: unknown[] = [];
    emitter.on("a", function (this: unknown, ...args: unknown[]) {
      calls.push(["first", this === emitter, ...args]);
    });
    emitter.on("a", (...args) => calls.push(["second", ...args]));
    emitter.emit("a", 1, "two", null);
    expect(calls).toEqual([
      ["first", true, 1, "two", null],
      ["second", 1, "two", null],
    ]);
  });

  it("calls a listener that was added twice twice, and removes it once at a time", () => {
    const emitter = new Emitter();
    let calls = 0;
    const listener = (): void => {
      calls++;
    };
    emitter.on("a", listener).on("a", listener);
    emitter.emit("a");
    emitter.off("a", listener).emit("a");
    emitter.off("a", listener).emit("a");
    expect(calls).toBe(3);
  });

  it("calls a once listener once, also when it emits the event again", () => {
    const emitter = new Emitter();
    let calls = 0;
    emitter.once("a", () => {
      calls++;
      emitter.emit("a");
    });
    emitter.emit("a");
    emitter.emit("a");
    expect(calls).toBe(1);
    expect(emitter.hasListeners("a")).toBe(false);
  });

  it("removes a once listener by the function that was given", () => {
    const emitter = new Emitter();
    const listener = (): void => {
      throw new Error("called");
    };
    emitter.once("a", listener);
    expect(emitter.listeners("a")).toEqual([listener]);
    emitter.off("a", listener).emit("a");
    expect(emitter.hasListeners("a")).toBe(false);
  });

  it("does not show an event to listeners that are added while it is emitted, and still shows it to removed ones", () => {
    const emitter = new Emitter();
    const calls: string[] = [];
    const last = (): number => calls.push("last");
    emitter.on("a", () => {
      calls.push("first");
      emitter.on("a", () => calls.push("late"));
      emitter.off("a", last);
    });
    emitter.on("a", last);
    emitter.emit("a");
    expect(calls).toEqual(["first", "last"]);
  });

  it("removes the listeners of one event, or all", () => {
    const emitter = new Emitter();
    for (const event of ["a", "b", "c"]) emitter.on(event, () => {});
    emitter.off("a");
    expect(["a", "b", "c"].map((event) => emitter.hasListeners(event))).toEqual([false, true, true]);
    emitter.removeAllListeners("b");
    expect(emitter.hasListeners("b")).toBe(false);
    emitter.removeAllListeners();
    expect(emitter.hasListeners("c")).toBe(false);
  });

  it("has component-emitter's names", () => {
    const emitter = new Emitter();
    const listener = (): void => {};
    emitter.addEventListener("a", listener);
    emitter.removeEventListener("a", listener);
    expect(emitter.hasListeners("a")).toBe(false);
    emitter.on("a", listener);
    emitter.removeListener("a", listener);
    expect(emitter.hasListeners("a")).toBe(false);
  });

  it("takes names of Object.prototype like any other", () => {
    const emitter = new Emitter();
    const calls: unknown[] = [];
    expect(emitter.hasListeners("__proto__")).toBe(false);
    emitter.emit("constructor", 1);
    emitter.on("__proto__", (value) => calls.push(value));
    emitter.emit("__proto__", 2);
    expect(calls).toEqual([2]);
  });

  it("forgets nothing when a removed listener was never there", () => {
    const emitter = new Emitter();
    const listener = (): void => {};
    emitter.on("a", listener);
    emitter.off("a", () => {});
    emitter.off("b", listener);
    expect(emitter.listeners("a")).toEqual([listener]);
    expect(emitter.listeners("b")).toEqual([]);
  });
});

describe("catch-all listeners", () => {
  it("get the name and the arguments, in order, prepended ones first", () => {
    const emitter = new Open();
    const calls: unknown[] = [];
    emitter.onAny((...event) => calls.push(["second", ...event]));
    emitter.prependAny((...event) => calls.push(["first", ...event]));
    emitter.arrive("a", 1);
    expect(calls).toEqual([
      ["first", "a", 1],
      ["second", "a", 1],
    ]);
  });

  it("are listed as a copy and removed one by one or together", () => {
    const emitter = new Open();
    const one = (): void => {};
    const two = (): void => {};
    emitter.onAny(one).onAny(two);
    emitter.listenersAny().pop();
    expect(emitter.listenersAny()).toEqual([one, two]);
    expect(emitter.offAny(one).listenersAny()).toEqual([two]);
    expect(emitter.offAny().listenersAny()).toEqual([]);
  });

  it("of what goes out are others than those of what comes in", () => {
    const emitter = new Open();
    const calls: string[] = [];
    emitter.onAny(() => calls.push("in"));
    emitter.onAnyOutgoing(() => calls.push("out"));
    emitter.prependAnyOutgoing(() => calls.push("out first"));
    emitter.leave("a");
    expect(calls).toEqual(["out first", "out"]);
    expect(emitter.listenersAnyOutgoing()).toHaveLength(2);
    expect(emitter.offAnyOutgoing().listenersAnyOutgoing()).toEqual([]);
    expect(emitter.listenersAny()).toHaveLength(1);
  });
});

import { describe, expect, it } from "vitest";
import { type Flushable, FlushQueue } from "../../../src/session/flush-queue.js";
import { FakePlatform } from "../../support/fake-platform.js";

function scene() {
  const platform = new FakePlatform();
  const queue = new FlushQueue(platform.soon);
  const flushed: string[] = [];
  const make = (name: string, then?: () => void): Flushable => ({
    flush: () => {
      flushed.push(name);
      then?.();
    },
  });
  return { platform, queue, flushed, make };
}

describe("the flush queue", () => {
  it("flushes once, at the end of the turn, everything that was added in it", () => {
    const { platform, queue, flushed, make } = scene();
    queue.add(make("a"));
    queue.add(make("b"));
    expect(flushed).toEqual([]);
    platform.settle();
    expect(flushed).toEqual(["a", "b"]);
    platform.settle();
    expect(flushed).toEqual(["a", "b"]);
  });

  it("flushes when the outermost read ends", () => {
    const { queue, flushed, make } = scene();
    queue.enter();
    queue.add(make("a"));
    queue.enter();
    queue.add(make("b"));
    queue.leave();
    expect(flushed).toEqual([]);
    queue.leave();
    expect(flushed).toEqual(["a", "b"]);
  });

  it("flushes everything when it is told to, also in the middle of a read: a process that exits", () => {
    const { queue, flushed, make } = scene();
    queue.enter();
    queue.add(make("a"));
    queue.flushAll();
    expect(flushed).toEqual(["a"]);
  });

  it("flushes what is added while it flushes", () => {
    const { platform, queue, flushed, make } = scene();
    queue.add(make("a", () => queue.add(make("b"))));
    platform.settle();
    expect(flushed).toEqual(["a", "b"]);
  });
});

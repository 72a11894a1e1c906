// The store of an outbox in IndexedDB, over an IndexedDB in memory. In browsers it is tested by test/browser/outbox.test.ts.
import { IDBFactory, IDBKeyRange, IDBObjectStore } from "fake-indexeddb";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { indexedDbStore } from "../../../src/browser/indexed-db-store.js";
import { describeStore } from "../../support/outbox-store-suite.js";

const event = { text: '42["event"]', bytes: [] };

describe("the store of an outbox in IndexedDB", () => {
  let places = 0;
  beforeEach(() => {
    vi.stubGlobal("indexedDB", new IDBFactory());
    vi.stubGlobal("IDBKeyRange", IDBKeyRange);
  });

  describeStore(() => {
    const name = `place-${places++}`;
    return { next: () => indexedDbStore(name) };
  });

  it("is shared by tabs: each appends, and one is told of what another has appended", async () => {
    const [one, two] = [indexedDbStore("shared"), indexedDbStore("shared")];
    expect((await one.open()).id).toBe((await two.open()).id);
    const told = new Promise<void>((resolve) => one.watch(resolve));
    expect(await Promise.all([one.append(event, 10), two.append(event, 10)])).toEqual([1, 2]);
    await told;
    expect(await one.count()).toBe(2);
    await one.close();
    await two.close();
  });

  it("is led by one tab at a time, where there are Web Locks", async () => {
    // As much of Web Locks as is used.
    const queue: (() => Promise<void>)[] = [];
    let isHeld = false;
    const next = (): void => {
      const held = isHeld ? undefined : queue.shift();
      if (held === undefined) return;
      isHeld = true;
      void held().then(() => {
        isHeld = false;
        next();
      });
    };
    const request = (_name: string, { signal }: { signal: AbortSignal }, held: () => Promise<void>): Promise<void> => {
      queue.push(held);
      signal.addEventListener("abort", () => queue.splice(queue.indexOf(held), 1));
      next();
      return Promise.resolve();
    };
    vi.stubGlobal("navigator", { locks: { request } });
    const stores = ["a", "b", "c"].map(() => indexedDbStore("led"));
    const leaders: number[] = [];
    for (const [at, store] of stores.entries()) {
      await store.open();
      void store.lead().then(() => leaders.push(at));
    }
    const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(leaders).toEqual([0]);
    await stores[1]?.close();
    await stores[0]?.close();
    await settled();
    expect(leaders).toEqual([0, 2]);
    await stores[2]?.close();
  });

  it.each([
    ["there is none", undefined],
    [
      "a private window forbids it",
      {
        open: () => {
          throw new Error("SecurityError");
        },
      },
    ],
  ])("tells when %s", async (_, factory) => {
    vi.stubGlobal("indexedDB", factory);
    await expect(indexedDbStore("none").open()).rejects.toMatchObject({ code: "OUTBOX_STORE_FAILED" });
  });

  it("tells when the quota is used up, and has not taken what was refused", async () => {
    const store = indexedDbStore("quota");
    await store.open();
    await store.append(event, 10);
    vi.spyOn(IDBObjectStore.prototype, "add").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    await expect(store.append(event, 10)).rejects.toMatchObject({ code: "OUTBOX_STORE_FAILED" });
    vi.restoreAllMocks();
    expect(await store.count()).toBe(1);
    await store.close();
  });
});

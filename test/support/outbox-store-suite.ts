// Test support: what every store of an outbox does (session/outbox-store.ts), run over each implementation.
import { expect, it } from "vitest";
import type { OutboxStore, StoredEvent } from "../../src/session/outbox-store.js";

export interface StoreStage {
  /** A store over the same place each time; the one before was closed, or its process has ended. */
  next(): OutboxStore;
}

const event = (n: number, ...bytes: Uint8Array[]): StoredEvent => ({ text: `42["event",${n},"ñ€🦤"]`, bytes });
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "done",
    (error: { code: unknown }) => error.code,
  );

/** Declares the tests. `stage` makes a place that nothing lies in. */
export function describeStore(stage: () => Promise<StoreStage> | StoreStage): void {
  const opened = async (): Promise<[OutboxStore, StoreStage]> => {
    const place = await stage();
    const store = place.next();
    await store.open();
    return [store, place];
  };
  const seqs = async (store: OutboxStore, after = 0): Promise<number[]> =>
    (await store.entries(after, 1000)).map(({ seq }) => seq);

  it("begins empty, with an id of its own that it keeps", async () => {
    const place = await stage();
    const store = place.next();
    const { id, attempted } = await store.open();
    expect(id).toMatch(/^[\w-]{20,64}$/);
    expect([attempted, await store.count(), await store.attempted(), await store.entries(0, 10)]).toEqual([
      0,
      0,
      0,
      [],
    ]);
    await store.close();
    const again = place.next();
    expect(await again.open()).toEqual({ id, attempted: 0 });
    const [other] = await opened();
    expect((await other.open().catch(() => ({ id: "" }))).id).not.toBe(id);
    await again.close();
    await other.close();
  });

  it("gives back what was appended, in order, texts and bytes as they were, also when it is opened again", async () => {
    const [store, place] = await opened();
    const whole = new Uint8Array([9, 1, 2, 255, 0, 9]);
    const events = [
      event(1),
      event(2, whole.subarray(1, 5), new Uint8Array(0)),
      event(3, new Uint8Array(100_000).fill(7)),
    ];
    for (const one of events) await store.append(one, 10);
    const expected = events.map(({ text, bytes }, at) => ({
      seq: at + 1,
      text,
      bytes: bytes.map((part) => [...part]),
    }));
    const shown = async (from: OutboxStore) =>
      (await from.entries(0, 10)).map(({ seq, text, bytes }) => ({ seq, text, bytes: bytes.map((part) => [...part]) }));
    expect(await shown(store)).toEqual(expected);
    await store.close();
    const again = place.next();
    await again.open();
    expect(await shown(again)).toEqual(expected);
    expect(await again.count()).toBe(3);
    await again.close();
  });

  it("gives each of many that are appended at once a number of its own, in their order", async () => {
    const [store] = await opened();
    const numbers = await Promise.all(Array.from({ length: 50 }, (_, n) => store.append(event(n), 100)));
    expect(numbers).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    const texts = (await store.entries(0, 100)).map(({ text }) => text);
    expect(texts).toEqual(Array.from({ length: 50 }, (_, n) => event(n).text));
    await store.close();
  });

  it("reads a part", async () => {
    const [store] = await opened();
    for (let n = 0; n < 6; n++) await store.append(event(n), 10);
    expect((await store.entries(2, 3)).map(({ seq }) => seq)).toEqual([3, 4, 5]);
    expect(await store.entries(6, 3)).toEqual([]);
    await store.close();
  });

  it("removes from the front, and gives no number twice", async () => {
    const [store, place] = await opened();
    for (let n = 0; n < 4; n++) await store.append(event(n), 10);
    await store.remove(2);
    await store.remove(1);
    expect(await seqs(store)).toEqual([3, 4]);
    await store.remove(4);
    expect([await store.count(), await seqs(store)]).toEqual([0, []]);
    await store.close();
    const again = place.next();
    await again.open();
    expect(await again.append(event(5), 10)).toBe(5);
    await again.remove(5);
    expect(await again.append(event(6), 10)).toBe(6);
    await again.close();
  });

  it("remembers up to where it was attempted, and does not go back", async () => {
    const [store, place] = await opened();
    for (let n = 0; n < 4; n++) await store.append(event(n), 10);
    await store.attempt(3);
    await store.attempt(2);
    expect(await store.attempted()).toBe(3);
    await store.close();
    const again = place.next();
    expect((await again.open()).attempted).toBe(3);
    await again.close();
  });

  it("refuses one entry too many, and takes more when there is room", async () => {
    const [store] = await opened();
    const outcomes = await Promise.all([1, 2, 3].map((n) => codeOf(store.append(event(n), 2))));
    expect(outcomes).toEqual(["done", "done", "OUTBOX_FULL"]);
    expect(await store.count()).toBe(2);
    await store.remove(1);
    expect(await codeOf(store.append(event(4), 2))).toBe("done");
    expect((await store.entries(0, 10)).map(({ text }) => text)).toEqual([event(2).text, event(4).text]);
    await store.close();
  });

  it("refuses what is asked of it when it is closed", async () => {
    const [store] = await opened();
    await store.close();
    expect(await codeOf(store.append(event(1), 10))).toBe("OUTBOX_STORE_FAILED");
  });

  it("lets the one that is open lead", async () => {
    const [store, place] = await opened();
    await store.lead();
    await store.close();
    const again = place.next();
    await again.open();
    await again.lead();
    await again.close();
  });
}

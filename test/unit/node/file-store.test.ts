// The store of an outbox in a file: what every store does, and what only a file can meet.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fileStore } from "../../../src/node/file-store.js";
import type { OutboxStore } from "../../../src/session/outbox-store.js";
import { describeStore } from "../../support/outbox-store-suite.js";

function place(): { path: string; next(): OutboxStore } {
  const folder = mkdtempSync(join(tmpdir(), "vaiven-outbox-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "outbox");
  return { path, next: () => fileStore(path) };
}

const event = (n: number) => ({ text: `42["event",${n}]`, bytes: [new Uint8Array([n & 255, 2])] });

/** A file with `count` entries, of which two were attempted and one removed. */
async function written(count: number): Promise<{ path: string; next(): OutboxStore }> {
  const here = place();
  const store = here.next();
  await store.open();
  for (let n = 1; n <= count; n++) await store.append(event(n), 100);
  await store.attempt(2);
  await store.remove(1);
  await store.close();
  return here;
}

const codeOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: { code: unknown }) => error.code);

describe("the store of an outbox in a file", () => {
  describeStore(place);

  it("loses what was being written when the process ended, and nothing before it, wherever that was cut", async () => {
    const { path } = await written(3);
    const whole = readFileSync(path);
    const first = place();
    writeFileSync(first.path, whole);
    let known = 0;
    for (let length = 0; length <= whole.length; length++) {
      writeFileSync(first.path, whole.subarray(0, length));
      const store = first.next();
      await store.open();
      const entries = await store.entries(0, 10);
      // Entries come one after the other; then comes the removal of the first.
      expect(entries.map(({ text }) => text)).toEqual(
        length === whole.length
          ? [event(2).text, event(3).text]
          : [1, 2, 3].slice(0, entries.length).map((n) => event(n).text),
      );
      if (length < whole.length) expect(entries.length).toBeGreaterThanOrEqual(known);
      known = entries.length;
      if (length % 5 > 0) {
        await store.close();
        continue;
      }
      // It goes on behind what is whole.
      const seq = await store.append(event(9), 100);
      expect((await store.entries(0, 10)).at(-1)).toMatchObject({ seq, text: event(9).text });
      await store.close();
      const again = first.next();
      await again.open();
      expect((await again.entries(0, 10)).at(-1)).toMatchObject({ seq, text: event(9).text });
      await again.close();
    }
    expect(known).toBe(2);
  });

  it("drops zeros that a file system has left behind the end", async () => {
    const { path, next } = await written(3);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(4096)]));
    const store = next();
    await store.open();
    expect(await store.count()).toBe(2);
    await store.close();
  });

  it("tells of damage elsewhere, whichever byte it is, or reads what was written", async () => {
    const { path, next } = await written(3);
    const whole = readFileSync(path);
    const expected = [event(2).text, event(3).text];
    for (let at = 0; at < whole.length; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ 0x41;
      writeFileSync(path, damaged);
      const store = next();
      const outcome = await codeOf(store.open());
      if (outcome === "OUTBOX_CORRUPT") {
        expect(readFileSync(path).equals(damaged)).toBe(true);
        continue;
      }
      // In a length it may look like a record that was not written to its end.
      const texts = (await store.entries(0, 10)).map(({ text }) => text);
      expect([expected, [1, 2, 3].slice(0, texts.length).map((n) => event(n).text)]).toContainEqual(texts);
      await store.close();
    }
  });

  it("does not touch a file that is no outbox", async () => {
    const { path, next } = place();
    writeFileSync(path, "dear diary");
    expect(await codeOf(next().open())).toBe("OUTBOX_CORRUPT");
    expect(readFileSync(path, "utf8")).toBe("dear diary");
  });

  it("is one process's at a time, and is taken over from one that is gone", async () => {
    const { path, next } = place();
    const store = next();
    await store.open();
    expect(await codeOf(next().open())).toBe("OUTBOX_LOCKED");
    await store.close();
    // The parent of this process is alive.
    writeFileSync(`${path}.lock`, `${process.ppid}\n`);
    expect(await codeOf(next().open())).toBe("OUTBOX_LOCKED");
    // In a container the process before may have had the same id as this one.
    for (const gone of [process.pid, 2 ** 22 + 1, "no number"]) {
      writeFileSync(`${path}.lock`, `${gone}\n`);
      const later = next();
      await later.open();
      await later.close();
    }
  });

  it("gives back the room of what was removed, and keeps the rest and its numbers", async () => {
    const { path, next } = place();
    const store = next();
    const { id } = await store.open();
    const large = { text: `42["${"x".repeat(1000)}"]`, bytes: [] };
    for (let n = 0; n < 300; n++) await store.append(large, 1000);
    await store.attempt(297);
    const before = statSync(path).size;
    await Promise.all([store.remove(298), store.append(event(1), 1000), store.entries(298, 10)]);
    await store.append(event(2), 1000);
    expect(statSync(path).size).toBeLessThan(before / 50);
    await store.close();
    const again = next();
    expect(await again.open()).toEqual({ id, attempted: 297 });
    expect((await again.entries(0, 10)).map(({ seq, text }) => [seq, text])).toEqual([
      [299, large.text],
      [300, large.text],
      [301, event(1).text],
      [302, event(2).text],
    ]);
    await again.remove(302);
    expect(await again.append(event(3), 10)).toBe(303);
    await again.close();
  });

  it("tells when its folder is missing, and leaves nothing behind when it is closed", async () => {
    expect(await codeOf(fileStore(join(tmpdir(), "there-is-no-such-folder", "outbox")).open())).toBe(
      "OUTBOX_STORE_FAILED",
    );
    const { path, next } = place();
    const store = next();
    await store.open();
    await store.close();
    expect(readdirSync(join(path, ".."))).toEqual(["outbox"]);
  });
});

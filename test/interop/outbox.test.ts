// Interop: an outbox in a file, with a client that is killed again and again, and a network that is cut. What was accepted is handled, once and in order.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { HostileProxy } from "../support/hostile-proxy.js";
import { seeded, seedOfThisRun } from "../support/random.js";
import { portOf, stage } from "../support/scene.js";
import { inTime } from "../support/waiting.js";
import { OURS } from "./pairs.js";

const KILLS = 4;

describe("an outbox in a file", () => {
  it("loses nothing that was accepted, over kills of its process and cuts of its network", async () => {
    const seed = seedOfThisRun();
    const random = seeded(seed);
    const folder = mkdtempSync(join(tmpdir(), "vaiven-outbox-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const scene = await stage(OURS.server, { pingInterval: 300, pingTimeout: 300, connectionStateRecovery: {} });
    const heard: number[] = [];
    const repeats: unknown[] = [];
    scene.io.on("connection", (socket) => {
      socket.on("entry", (n: number, bytes: Buffer) => heard.push(bytes[0] === (n & 255) ? n : -n));
    });
    (scene.io as unknown as { on(event: string, fn: (repeat: unknown) => void): void }).on(
      "possible_repeat",
      (repeat) => repeats.push(repeat),
    );
    const proxy = new HostileProxy(portOf(scene.httpServer), { split: [1, 300], cutAfter: [2000, 9000] }, seed);
    onTestFinished(() => proxy.close());
    const url = `http://127.0.0.1:${await proxy.listen()}`;
    const run = (first: number, count: number): ChildProgram => {
      const program = new ChildProgram("client-with-outbox.ts", url, join(folder, "outbox"), `${first}`, `${count}`);
      onTestFinished(() => program.kill());
      return program;
    };

    let next = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const program = run(next, 10_000);
      const enough = random.between(30, 150);
      await program.lines.reaches(enough, 60_000);
      program.kill();
      await program.exited;
      // The last line may not have been read, and the last number not been written.
      next += program.lines.entries.length + 2;
    }
    const last = run(next, 20);
    await last.line((line) => line === "delivered", `the last process delivers what is left (SEED=${seed})`);
    expect(await inTime(last.exited, "the last process ends", 20_000)).toBe(0);

    const once = [...new Set(heard)];
    expect(heard).toEqual(once);
    expect(once).toEqual([...once].sort((one, other) => one - other));
    expect(once.filter((n) => n < 0)).toEqual([]);
    expect(repeats).toEqual([]);
    // All but the numbers around each kill, which may not have been accepted.
    const missing = Array.from({ length: next + 20 }, (_, n) => n).filter((n) => !once.includes(n));
    expect(missing.length).toBeLessThanOrEqual(2 * KILLS);
  });
});

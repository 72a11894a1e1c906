// examples/bienvenida, driven by npm's client: the tutorial's events, the timer that ends, rooms, broadcasts, and the process.
import type { Socket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { createApp } from "../../examples/bienvenida/app.js";
import { ask, listen, runProgram, visitor } from "../support/example-program.js";
import { collect, inTime, Ledger, once, until } from "../support/waiting.js";

interface Message {
  de: string;
  texto: string;
  sala: string | null;
}

const PROGRAM = "examples/bienvenida/server.ts";

/** A visitor who has been greeted. */
async function arrive(url: string, transports = ["websocket"]): Promise<Socket> {
  const socket = visitor(url, { transports });
  const greeted = once(socket, "bienvenida");
  socket.connect();
  await greeted;
  return socket;
}

describe("bienvenida", () => {
  it.each([["polling"], ["websocket"]])("greets a visitor over %s", async (transport) => {
    const url = await listen(createApp());
    const socket = visitor(url, { transports: [transport] });
    const greeted = once(socket, "bienvenida");
    socket.connect();
    expect(await greeted).toEqual([{ digo: "Hola cliente WS!" }]);
  });

  it("sends numbers from 1 to 1000, never earlier than the period asked for", async () => {
    const socket = await arrive(await listen(createApp()));
    const began = performance.now();
    const numbers = collect<[{ numero: number }]>(socket, "toma un random", 4);
    socket.emit("quiero un random", 60);
    for (const [{ numero }] of await numbers) {
      expect(Number.isInteger(numero)).toBe(true);
      expect(numero).toBeGreaterThanOrEqual(1);
      expect(numero).toBeLessThanOrEqual(1000);
    }
    // Four periods, less the fraction of a millisecond that each of Node's timers may round off.
    expect(performance.now() - began).toBeGreaterThanOrEqual(4 * 60 - 4);
  });

  it("holds one timer for each visitor, however often numbers are asked for", async () => {
    const app = createApp();
    const url = await listen(app);
    const [first, second] = [await arrive(url), await arrive(url)];
    for (const period of [60_000, 5000, 90_000]) await ask(first, "quiero un random", period);
    expect(app.activeTimers()).toBe(1);
    await ask(second, "quiero un random", 60_000);
    expect(app.activeTimers()).toBe(2);
  });

  it.each([["polling"], ["websocket"]])("ends the timer of a visitor who leaves over %s", async (transport) => {
    const app = createApp();
    const socket = await arrive(await listen(app), [transport]);
    await ask(socket, "quiero un random", 60_000);
    expect(app.activeTimers()).toBe(1);
    socket.disconnect();
    await until(() => app.activeTimers() === 0, "the timer ends");
  });

  it.each([[0], [49], [86_400_001], [Number.NaN], [-1], ["1000"], [null], [{}]])(
    "refuses %j as a period, says why, and keeps the timer that runs",
    async (period) => {
      const app = createApp();
      const socket = await arrive(await listen(app));
      await ask(socket, "quiero un random", 60_000);
      const answer = await ask<{ ok: boolean; motivo: string }>(socket, "quiero un random", period);
      expect(answer).toEqual({ ok: false, motivo: expect.stringContaining("entre 50 y 86400000") });
      expect(app.activeTimers()).toBe(1);
      const notice = once(socket, "aviso");
      socket.emit("quiero un random", period); // as the tutorial's page asks, without an acknowledgement
      expect(await notice).toEqual([{ texto: answer.motivo }]);
    },
  );

  it("broadcasts to everyone else, and to one room only when asked to", async () => {
    const url = await listen(createApp());
    const [speaker, inPlaza, inPatio] = [await arrive(url), await arrive(url), await arrive(url)];
    await ask(inPatio, "cambiar de sala", "patio");
    const heard: string[] = [];
    const note = (who: string) => (message: Message) => heard.push(`${who}: ${message.texto}`);
    speaker.on("mensaje", note("speaker"));
    inPlaza.on("mensaje", note("plaza"));
    inPatio.on("mensaje", note("patio"));

    const last = [collect(inPlaza, "mensaje", 2), collect(inPatio, "mensaje", 1)];
    await ask(speaker, "difundir", { texto: "solo plaza", alcance: "sala" });
    await ask(speaker, "difundir", { texto: " todos ", alcance: "todos" });
    await Promise.all(last);
    expect(heard.sort()).toEqual(["patio: todos", "plaza: solo plaza", "plaza: todos"]);
  });

  it.each([[{}], [null], [{ texto: "" }], [{ texto: "   " }], [{ texto: 7 }], [{ texto: "x".repeat(281) }]])(
    "refuses to broadcast %j",
    async (message) => {
      const socket = await arrive(await listen(createApp()));
      expect((await ask(socket, "difundir", message)).ok).toBe(false);
      expect((await ask(socket, "cambiar de sala", "altillo")).ok).toBe(false);
    },
  );

  it("counts the visitors, in all and in each room, as they come, change and go", async () => {
    const url = await listen(createApp());
    const watcher = visitor(url, { transports: ["websocket"] });
    const counts = new Ledger<unknown>();
    watcher.on("visitantes", (count) => counts.add(count));
    watcher.connect();
    await counts.reaches(1);
    const other = await arrive(url);
    await ask(other, "cambiar de sala", "patio");
    other.disconnect();
    expect(await counts.reaches(4)).toEqual([
      { total: 1, salas: { plaza: 1, patio: 0 } },
      { total: 2, salas: { plaza: 2, patio: 0 } },
      { total: 2, salas: { plaza: 1, patio: 1 } },
      { total: 1, salas: { plaza: 1, patio: 0 } },
    ]);
  });

  it("serves the page under a policy that allows nothing from elsewhere and no inline script", async () => {
    const url = await listen(createApp());
    const page = await fetch(url);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
    const html = await page.text();
    expect(html).toContain('<html lang="es">');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect(html).not.toMatch(/\b(?:src|href)="(?:https?:)?\/\//);
  });
});

describe("bienvenida as a process", () => {
  it.each([["SIGTERM"], ["SIGINT"]] as const)(
    "says where it listens, and ends by itself on %s with visitors connected",
    async (signal) => {
      const program = runProgram(PROGRAM, { PORT: "0" });
      const [, url = ""] = await program.prints(/(http:\/\/localhost:\d+)/);
      const socket = await arrive(url.replace("localhost", "127.0.0.1"));
      const gone = once(socket, "disconnect");
      program.child.kill(signal);
      await gone;
      expect(await inTime(program.ended, "the program ends")).toBe(0);
    },
  );

  it("says what to do when the port is taken", async () => {
    const url = await listen(createApp());
    const program = runProgram(PROGRAM, { PORT: new URL(url).port });
    await program.prints(/ya está en uso.*PORT=\d+ npm start/);
    expect(await program.ended).toBe(1);
  });

  it("says what to do when PORT is not a port", async () => {
    const program = runProgram(PROGRAM, { PORT: "ochenta" });
    await program.prints(/PORT es «ochenta», y tiene que ser un número/);
    expect(await program.ended).toBe(1);
  });
});

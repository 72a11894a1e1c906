// Interop: a client that does not read, over a real TCP connection: what waits for it stays within the limit, and who waits for it is told.
import { expect, it } from "vitest";
import type { Server, Socket } from "../../src/entry/server.js";
import { dial, type RawWebSocket } from "../support/raw-client.js";
import { stage } from "../support/scene.js";
import { once, turn } from "../support/waiting.js";
import { OURS } from "./pairs.js";

const CHUNK = "x".repeat(64 * 1024);

/** A client that has joined and reads nothing any more, and its socket at the server. */
async function deafClient(prepare: (io: Server) => void = () => {}): Promise<{ raw: RawWebSocket; socket: Socket }> {
  const scene = await stage(OURS.server);
  const io = scene.io as unknown as Server;
  prepare(io);
  const raw = await dial(scene.port);
  const connection = once<[Socket]>(io, "connection");
  raw.ws.send("40");
  const [socket] = await connection;
  raw.ws.pause();
  return { raw, socket };
}

/** Emits until the connection holds half a megabyte back. */
async function fill(socket: Socket): Promise<void> {
  while (socket.bufferedAmount < 500_000) {
    socket.emit("chunk", CHUNK);
    await turn();
  }
}

it("what waits for a client that does not read stays within the limit of the namespace, then it is closed with a reason", async () => {
  const limit = 1_000_000;
  const { raw, socket } = await deafClient((io) => {
    io.sockets.maxBufferedBytes = limit;
  });
  await fill(socket);
  const held = socket.bufferedAmount;
  for (let n = 0; n < 1000; n++) socket.volatile.emit("chunk", CHUNK);
  await turn();
  expect(socket.bufferedAmount).toBe(held);
  expect(socket.connected).toBe(true);
  const end = once<[string, { code: string; detail: unknown }]>(socket, "disconnect");
  let most = 0;
  while (socket.connected) {
    socket.emit("chunk", CHUNK);
    most = Math.max(most, socket.bufferedAmount);
    await turn();
  }
  const [reason, error] = await end;
  expect([reason, error.code, error.detail]).toEqual([
    "transport error",
    "SESSION_BUFFER_FULL",
    { limit, namespace: "/" },
  ]);
  expect(most).toBeLessThanOrEqual(limit + CHUNK.length + 100);
  expect(socket.bufferedAmount).toBe(0);
  raw.ws.terminate();
});

it("a burst in one turn to a client that reads is no reason to close it", async () => {
  const { raw, socket } = await deafClient((io) => {
    io.sockets.maxBufferedBytes = 100_000;
  });
  raw.ws.resume();
  const ack = new Promise((resolve) => socket.once("done", resolve));
  for (let n = 0; n < 4; n++) socket.emit("chunk", CHUNK);
  raw.ws.send('42["done"]');
  await ack;
  expect(socket.connected).toBe(true);
});

it("drain() waits for the client to read, resolves at once where nothing waits, and says whether the connection is still open", async () => {
  const { raw, socket } = await deafClient();
  await expect(socket.drain()).resolves.toBe(true);
  await fill(socket);
  let isDrained = false;
  const drained = socket.drain().then((isOpen) => {
    isDrained = true;
    return isOpen;
  });
  const told = once(socket.conn, "drain");
  await turn();
  expect(isDrained).toBe(false);
  raw.ws.resume();
  await expect(drained).resolves.toBe(true);
  await told;
  raw.ws.pause();
  await fill(socket);
  const lost = socket.drain();
  raw.ws.terminate();
  await expect(lost).resolves.toBe(false);
  await expect(socket.drain()).resolves.toBe(false);
});

it("the event drain follows once where bufferedAmount said that something waits, and not where nobody asked", async () => {
  const { raw, socket } = await deafClient();
  let told = 0;
  socket.on("drain" as never, () => void told++);
  await fill(socket);
  expect(told).toBe(0);
  const drained = once(socket, "drain");
  raw.ws.resume();
  await drained;
  expect(told).toBe(1);
  socket.emit("more", CHUNK);
  raw.ws.send('42["seen"]');
  await once(socket, "seen");
  expect(told).toBe(1);
});

// server/socket.ts: `bufferedAmount` and the event `drain` that follows it.
import { describe, expect, it } from "vitest";
import { memoryServer } from "./fake-connection.js";

function scene() {
  const stage = memoryServer();
  stage.io.of("/other");
  const connection = stage.join("/", "/other");
  const [socket] = stage.io.sockets.sockets.values();
  const [other] = stage.io.of("/other").sockets.values();
  if (socket === undefined || other === undefined) throw new Error("the namespaces were not joined");
  const told: string[] = [];
  socket.on("drain", () => told.push("drain"));
  other.on("drain", () => told.push("other"));
  const hold = (amount: number): void => {
    connection.bufferedAmount = amount;
    connection.writable = amount === 0;
  };
  return { ...stage, connection, socket, told, hold };
}

describe("the event drain", () => {
  it("follows once, for the socket that was asked", () => {
    const { clock, connection, socket, told, hold } = scene();
    hold(5000);
    expect([socket.bufferedAmount, socket.bufferedAmount]).toEqual([5000, 5000]);
    clock.settle();
    expect(told).toEqual([]);
    hold(0);
    connection.sink.onDrain?.();
    connection.sink.onDrain?.();
    expect(told).toEqual(["drain"]);
    hold(1);
    expect(socket.bufferedAmount).toBe(1);
    clock.settle();
    hold(0);
    connection.sink.onDrain?.();
    expect(told).toEqual(["drain", "drain"]);
  });

  it("comes at the end of the turn where everything leaves in it", () => {
    const { clock, connection, socket, told } = scene();
    connection.bufferedAmount = 10;
    expect(socket.bufferedAmount).toBe(10);
    expect(told).toEqual([]);
    clock.settle();
    expect(told).toEqual(["drain"]);
  });

  it("does not come where nothing waits, nor after the end", () => {
    const { clock, connection, socket, told, hold } = scene();
    expect(socket.bufferedAmount).toBe(0);
    clock.settle();
    connection.sink.onDrain?.();
    hold(5000);
    expect(socket.bufferedAmount).toBe(5000);
    clock.settle();
    connection.end();
    expect(told).toEqual([]);
  });
});

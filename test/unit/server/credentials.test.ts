import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Socket } from "../../../src/server/socket.js";
import { type FakeConnection, type MemoryServer, memoryServer } from "./fake-connection.js";

const OURS = '0{"vaiven":{"v":1,"caps":["refresh"]}}';
const START = 1_700_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Scene extends MemoryServer {
  readonly ends: unknown[];
  readonly connection: FakeConnection;
  readonly socket: Socket;
  pass(ms: number): void;
}

/** A client whose credentials, by a middleware, are good for `life` milliseconds. */
function scene(life: number, hello = OURS, prepare: (server: MemoryServer) => void = () => {}): Scene {
  const server = memoryServer();
  const ends: unknown[] = [];
  const sockets: Socket[] = [];
  prepare(server);
  server.io.use((socket, next) => {
    socket.expiresAt = START + life;
    next();
  });
  server.io.on("connection", (socket) => {
    sockets.push(socket);
    socket.on("disconnect", (reason, error) => ends.push([reason, (error as { code?: string }).code]));
  });
  const connection = server.connect();
  connection.receive(hello);
  connection.take();
  const pass = (ms: number): void => {
    // Both clocks go on together, in steps that no deadline can hide in.
    for (let left = ms; left > 0; left -= 1000) {
      const step = Math.min(1000, left);
      vi.setSystemTime(Date.now() + step);
      server.clock.advance(step);
    }
  };
  return { ...server, ends, connection, socket: sockets[0] as Socket, pass };
}

describe("credentials that expire", () => {
  it("end the socket with a code, which our client is told", () => {
    const { pass, ends, connection } = scene(60_000);
    pass(59_000);
    expect([ends, connection.take()]).toEqual([[], []]);
    pass(2000);
    expect(ends).toEqual([["server namespace disconnect", "CREDENTIALS_EXPIRED"]]);
    expect(connection.take()).toEqual(['7["lapsed","CREDENTIALS_EXPIRED"]', "1"]);
  });

  it("end the socket of a stock client in the words of the protocol", () => {
    const { pass, ends, connection } = scene(60_000, "0", ({ io }) => io.onRefresh(() => START + 1e9));
    pass(61_000);
    expect(ends).toEqual([["server namespace disconnect", "CREDENTIALS_EXPIRED"]]);
    expect(connection.take()).toEqual(["1"]);
  });

  it("are asked for half a minute before, and the hook's answer is their new end", async () => {
    const seen: unknown[] = [];
    const { pass, ends, connection, socket } = scene(600_000, OURS, ({ io }) => {
      io.onRefresh((who, auth) => {
        seen.push([who.id, auth]);
        return Promise.resolve(new Date(START + 1_200_000));
      });
    });
    pass(569_000);
    expect(connection.take()).toEqual([]);
    pass(2000);
    expect(connection.take()).toEqual(['7["refresh"]']);
    connection.receive('7["refresh",{"token":"new"}]');
    await vi.waitFor(() => expect(socket.expiresAt).toBe(START + 1_200_000));
    expect(seen).toEqual([[socket.id, { token: "new" }]]);
    pass(500_000);
    expect(ends).toEqual([]);
    pass(150_000);
    expect(ends).toEqual([["server namespace disconnect", "CREDENTIALS_EXPIRED"]]);
  });

  it("are asked for at half of a short life; who does not answer is disconnected at the end", () => {
    const { pass, ends, connection } = scene(10_000, OURS, ({ io }) => io.onRefresh(() => START + 1e9));
    pass(6000);
    expect(connection.take()).toEqual(['7["refresh"]']);
    pass(5000);
    expect(ends).toEqual([["server namespace disconnect", "CREDENTIALS_EXPIRED"]]);
  });

  it("are refused by false, quietly, and by a throw, which is reported", () => {
    for (const [hook, reported] of [
      [() => false as const, 0],
      [
        () => {
          throw new Error("revoked");
        },
        1,
      ],
    ] as const) {
      const { pass, ends, connection, errors } = scene(10_000, OURS, ({ io }) => io.onRefresh(hook));
      pass(6000);
      connection.take();
      connection.receive('7["refresh",null]');
      expect(ends).toEqual([["server namespace disconnect", "CREDENTIALS_REFUSED"]]);
      expect(connection.take()).toEqual(['7["lapsed","CREDENTIALS_REFUSED"]', "1"]);
      expect(errors.length).toBe(reported);
      vi.setSystemTime(START);
    }
  });

  it("that nobody asked for are not looked at", () => {
    const hook = vi.fn(() => START + 1e9);
    const { connection } = scene(600_000, OURS, ({ io }) => io.onRefresh(hook));
    connection.receive('7["refresh",{"token":"forged"}]');
    expect(hook).not.toHaveBeenCalled();
    expect(connection.closed).toBe("no");
  });

  it("may be set later, taken back, and leave no timer behind", () => {
    const { socket, ends, pass, connection, clock } = scene(10_000);
    socket.expiresAt = undefined;
    pass(20_000);
    expect([ends, socket.expiresAt, clock.timerCount]).toEqual([[], undefined, 0]);
    expect(() => {
      socket.expiresAt = Number.NaN;
    }).toThrow("milliseconds since 1970");
    socket.expiresAt = new Date(Date.now() + 5000);
    connection.end();
    expect(clock.timerCount).toBe(0);
    expect(() => {
      socket.expiresAt = Number.NaN;
    }).not.toThrow(); // it has left: nothing is waited for any more
    expect(clock.timerCount).toBe(0);
  });

  it("that lie months ahead are waited for in pieces that a timer can hold", () => {
    const { ends, pass, clock } = scene(90 * 86_400_000);
    pass(3_700_000);
    expect(ends).toEqual([]);
    expect(clock.timerCount).toBe(1);
  });
});

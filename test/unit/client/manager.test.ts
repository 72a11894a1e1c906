import { describe, expect, it, vi } from "vitest";
import { transportError } from "../../../src/http/client-request.js";
import { ScriptedTransport, scene } from "./scripted-host.js";

const failure = () => transportError("websocket error", "refused");

describe("a Manager that connects", () => {
  it("opens at once, unless autoConnect is false", () => {
    const { manager, transports, last } = scene();
    manager({ autoConnect: false });
    expect(transports.length).toBe(0);
    const connected = manager();
    expect(transports.length).toBe(1);
    const onOpen = vi.fn();
    connected.on("open", onOpen);
    last().accept();
    expect(onOpen).toHaveBeenCalledTimes(1);
    expect(connected.engine.id).toBe("engine");
  });

  it("calls back, and then does not try again by itself", () => {
    const { manager, last, platform, transports } = scene();
    const one = manager({ autoConnect: false });
    const done = vi.fn();
    one.open(done);
    last().fail(failure());
    expect(done.mock.calls[0]![0].message).toBe("websocket error");
    platform.advance(60_000);
    expect(transports.length).toBe(1);
    one.open(done);
    last().accept();
    expect(done.mock.calls[1]).toEqual([]);
  });

  it("gives up an attempt after its timeout, and tells sockets before its own listeners", () => {
    const { socket, platform, last, transports } = scene();
    const client = socket({ timeout: 500 }, false);
    const order: string[] = [];
    client.io.on("error", (error) => order.push(`error ${error.message}`));
    client.on("connect_error", (error) => order.push(`connect_error ${error.message}`));
    const first = last();
    platform.advance(500);
    expect(order).toEqual(["connect_error timeout", "error timeout"]);
    expect(first.ended).toBe(true);
    platform.advance(1000);
    expect(transports.length).toBe(2);
  });

  it("leaves no timer behind when its last socket is closed before the connection is open", () => {
    const { socket, platform } = scene();
    const client = socket({ timeout: 500 }, false);
    expect(platform.timerCount).toBe(1);
    client.close();
    expect(platform.timerCount).toBe(0);
  });

  it("has no limit of time with timeout(false)", () => {
    const { manager, platform } = scene();
    const one = manager({ autoConnect: false });
    const onError = vi.fn();
    one.on("error", onError);
    one.timeout(false).open();
    platform.advance(10_000_000);
    expect(onError).not.toHaveBeenCalled();
  });

  it("tells when no transport exists here", () => {
    const { manager, platform } = scene();
    const onError = vi.fn();
    manager({ transports: ["carrier pigeon"], reconnection: false }).on("error", onError);
    platform.settle();
    expect(onError.mock.calls[0]![0].message).toBe("No transports available");
  });

  it("tries again after an engine that was closed by hand before it was open", () => {
    const { manager, platform, transports } = scene();
    const onError = vi.fn();
    const one = manager();
    one.on("error", onError);
    one.engine.close();
    expect(onError.mock.calls[0]![0]).toMatchObject({ message: "forced close" });
    platform.advance(1500);
    expect(transports.length).toBe(2);
  });

  it("is closed at once where no transport exists, and tells nothing more", () => {
    const { manager, platform } = scene();
    const onError = vi.fn();
    const one = manager({ transports: [] });
    one.on("error", onError);
    expect([one.engine.writable, one.engine.bufferedAmount]).toEqual([false, 0]);
    one._close();
    platform.settle();
    expect([one.engine.readyState, onError.mock.calls.length, platform.timerCount]).toEqual(["closed", 0, 0]);
  });

  it.each(["transports", "transportImplementations"])("takes transports by class, by %s too", (option) => {
    const { manager } = scene();
    const made: ScriptedTransport[] = [];
    class Own extends ScriptedTransport {
      override open(): void {
        made.push(this);
      }
    }
    manager({ [option]: [Own] });
    expect(made.length).toBe(1);
  });
});

describe("a Manager whose connection is lost", () => {
  it("tells the reason to its sockets and reconnects after the delay", () => {
    const { socket, last, platform, transports, receive } = scene();
    const client = socket();
    const order: string[] = [];
    client.on("disconnect", (reason) => order.push(`disconnect ${reason}`));
    client.on("connect", () => order.push("connect"));
    client.io.on("close", (reason) => order.push(`close ${reason}`));
    client.io.on("reconnect_attempt", (attempt) => order.push(`attempt ${attempt}`));
    client.io.on("reconnect", (attempt) => order.push(`reconnect ${attempt}`));
    last().fail(undefined as never);
    platform.advance(999);
    expect(transports.length).toBe(1);
    platform.advance(1);
    expect(transports.length).toBe(2);
    last().accept();
    receive('40{"sid":"s2"}');
    expect(order).toEqual([
      "disconnect transport close",
      "close transport close",
      "attempt 1",
      "reconnect 1",
      "connect",
    ]);
  });

  it("waits longer from attempt to attempt, up to the longest delay, and gives up after the last", () => {
    const { socket, last, platform, transports } = scene();
    const client = socket({ reconnectionDelay: 100, reconnectionDelayMax: 300, reconnectionAttempts: 3 });
    const order: string[] = [];
    client.io.on("reconnect_error", () => order.push("reconnect_error"));
    client.io.on("reconnect_failed", () => order.push("reconnect_failed"));
    last().fail(undefined as never);
    const waits: number[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      const before = platform.now();
      const made = transports.length;
      while (transports.length === made) platform.advance(1);
      waits.push(platform.now() - before);
      last().fail(failure());
    }
    expect(waits).toEqual([100, 200, 300]);
    expect(order).toEqual(["reconnect_error", "reconnect_error", "reconnect_failed", "reconnect_error"]);
    platform.advance(1_000_000);
    expect(transports.length).toBe(4);
    expect(client.active).toBe(true);
  });

  it("does not reconnect with reconnection false, nor after disconnect", () => {
    const one = scene();
    const client = one.socket({ reconnection: false });
    one.last().fail(undefined as never);
    one.platform.advance(1_000_000);
    expect(one.transports.length).toBe(1);
    client.connect();
    expect(one.transports.length).toBe(2);

    const two = scene();
    const other = two.socket();
    two.last().fail(undefined as never);
    other.disconnect();
    two.platform.advance(1_000_000);
    expect(two.transports.length).toBe(1);
  });

  it("tries again when a connect() fails, also where disconnect() had ended an earlier wait for an attempt", () => {
    const { socket, platform, transports, last } = scene();
    const client = socket();
    last().fail(undefined as never);
    platform.advance(1);
    client.disconnect();
    client.connect();
    last().fail(undefined as never);
    platform.advance(6000);
    expect(transports.length).toBe(3);
  });

  it("obeys a handler of reconnect_attempt that disconnects", () => {
    const { socket, last, platform, transports } = scene();
    const client = socket();
    client.io.on("reconnect_attempt", () => client.disconnect());
    last().fail(undefined as never);
    platform.advance(1_000_000);
    expect(transports.length).toBe(1);
  });

  it("reads its options again at each attempt", () => {
    const { socket, last, platform } = scene();
    const client = socket({ query: { a: 1 } });
    client.io.on("reconnect_attempt", () => {
      client.io.opts.query = { a: 2 };
    });
    expect(last().context.options.query).toEqual({ a: 1 });
    last().fail(undefined as never);
    platform.advance(1000);
    expect(last().context.options.query).toEqual({ a: 2 });
  });

  it("tells the other sockets too when a listener throws", () => {
    const { manager, last, receive } = scene();
    const shared = manager();
    const one = shared.socket("/");
    const two = shared.socket("/two");
    last().accept();
    receive('40{"sid":"s1"}', '40/two,{"sid":"s2"}');
    const listener = vi.fn();
    one.on("disconnect", () => {
      throw new Error("mine");
    });
    two.on("disconnect", listener);
    last().fail(undefined as never);
    expect(listener).toHaveBeenCalledWith("transport close", undefined);
  });

  it("closes as a parse error what sends packets that are none", () => {
    const { socket, receive } = scene();
    const client = socket();
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    receive("4x");
    expect(reasons).toEqual(["parse error"]);
  });

  it("closes as forced close by disconnect(), its sockets staying active", () => {
    const { socket } = scene();
    const client = socket();
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    client.io.disconnect();
    expect(reasons).toEqual(["forced close"]);
    expect(client.active).toBe(true);
  });
});

describe("a Manager and its surroundings", () => {
  it("gives the connection up when the network is gone, and tries at once when it is back", () => {
    const { socket, surroundings, platform, transports, last } = scene();
    const client = socket();
    const lost: unknown[] = [];
    client.on("disconnect", (...args) => lost.push(args));
    surroundings[0]!.onLost("network connection lost");
    expect(lost).toEqual([["transport close", { description: "network connection lost" }]]);
    expect(last().ended).toBe(true);
    platform.advance(10);
    surroundings[0]!.onWake(true);
    expect(transports.length).toBe(2);
    platform.advance(5000);
    expect(transports.length).toBe(2);
  });

  it("does not shorten the delay because a page was only looked at", () => {
    const { socket, surroundings, transports, last } = scene();
    socket();
    last().fail(undefined as never);
    surroundings[0]!.onWake(false);
    expect(transports.length).toBe(1);
  });

  it("notices after a sleep that the heartbeat is overdue, at once and before an emit is lost in it", () => {
    const { socket, platform, sent } = scene();
    const client = socket();
    const reasons: string[] = [];
    client.on("disconnect", (reason) => reasons.push(reason));
    // A machine that slept: time has gone on, and no timer has fired.
    const { now } = platform;
    platform.now = () => now() + 45_001;
    client.emit("a");
    expect(client.sendBuffer.length).toBe(1);
    expect(sent()).toEqual([]);
    expect(reasons).toEqual(["ping timeout"]);
  });

  it("closes in beforeunload only by option", () => {
    const one = scene();
    one.socket();
    one.surroundings[0]!.onLeave();
    expect(one.last().ended).toBe(false);
    const two = scene();
    two.socket({ closeOnBeforeunload: true });
    two.surroundings[0]!.onLeave();
    two.platform.settle();
    expect(two.last().ended).toBe(true);
  });

  it("stops watching when it neither is connected nor tries to be", () => {
    const { socket, surroundings } = scene();
    const client = socket();
    expect(surroundings.length).toBe(1);
    client.disconnect();
    expect(surroundings.length).toBe(0);
  });
});

describe("socket.io.engine", () => {
  it("shows packets, both ways, only to who listens", () => {
    const { socket, receive, sent } = scene();
    const client = socket();
    const seen: unknown[] = [];
    client.io.engine.on("packet", ({ type, data }) => seen.push(["in", type, data]));
    client.io.engine.on("packetCreate", ({ type, data }) => seen.push(["out", type, data]));
    client.io.on("ping", () => seen.push("ping"));
    receive('42["a"]', "2");
    client.emit("b");
    expect(sent()).toEqual(["3", '42["b"]']);
    expect(seen).toEqual([
      ["in", "message", '2["a"]'],
      ["in", "ping", undefined],
      ["out", "pong", undefined],
      "ping",
      ["out", "message", '2["b"]'],
    ]);
    expect(client.io.engine.transport?.name).toBe("websocket");
  });

  it("tells that it closed, after the Manager", () => {
    const { socket, last } = scene();
    const client = socket();
    const order: string[] = [];
    client.io.engine.on("close", (reason) => order.push(`engine ${reason}`));
    client.on("disconnect", () => order.push("socket"));
    last().fail(undefined as never);
    expect(order).toEqual(["socket", "engine transport close"]);
  });

  it("sends and receives below Socket.IO with a parser of the program's own, whose decoder is told of the end", () => {
    let destroyed = 0;
    const parser = {
      Encoder: class {
        encode(packet: unknown): string[] {
          return [`!${JSON.stringify(packet)}`];
        }
      },
      Decoder: class {
        private listener: (packet: unknown) => void = () => {};
        on(_: string, listener: (packet: unknown) => void): void {
          this.listener = listener;
        }
        add(text: string): void {
          this.listener(JSON.parse(text.slice(1)));
        }
        destroy(): void {
          destroyed++;
        }
      },
    };
    const { manager, last, receive, sent } = scene();
    const client = manager({ parser }).socket("/");
    last().accept();
    receive('4!{"type":0,"nsp":"/","data":{"sid":"s1"}}');
    expect(client.connected).toBe(true);
    expect(sent()).toEqual(['4!{"type":0,"nsp":"/"}']);
    expect(destroyed).toBe(0);
    client.io.engine.close();
    expect(destroyed).toBe(1);
  });
});

describe("io()", () => {
  it("shares a connection between the namespaces of one server", () => {
    const { io, transports } = scene();
    const one = io("http://host.example");
    const two = io("http://host.example/two?x=1");
    expect(two.io).toBe(one.io);
    expect([one.nsp, two.nsp, transports.length]).toEqual(["/", "/two", 1]);
  });

  it.each([
    ["forceNew", { forceNew: true }],
    ["force new connection", { "force new connection": true }],
    ["multiplex: false", { multiplex: false }],
    ["another path", { path: "/other" }],
  ])("does not with %s", (_, opts) => {
    const { io } = scene();
    expect(io("http://host.example/two", opts).io).not.toBe(io("http://host.example").io);
  });

  it("makes a connection of its own for a second socket of one namespace", () => {
    const { io } = scene();
    expect(io("http://host.example").io).not.toBe(io("http://host.example").io);
  });

  it("means the page's own server without a URL", () => {
    const { io, last } = scene();
    io();
    expect(last().context.options).toMatchObject({ hostname: "page.example", port: "8080", secure: false });
    expect(io({ path: "/p" }).io.opts.path).toBe("/p");
  });

  it.each([
    ["null", null],
    ["5", 5],
    ["{agent}", { agent: 1 }],
    ['""', ""],
  ])("shows what it was given where that names no server: %s", (shown, value) => {
    const { io } = scene({ location: undefined });
    expect(() => io(value as string)).toThrow(`expected the URL of a server, got ${shown}`);
  });

  it.each([
    ["live", "/live/"],
    ["/live", "/live/"],
    ["/live/", "/live/"],
    ["/", "/"],
  ])("asks under a path with its slashes: %s", (path, asked) => {
    const { io, last } = scene();
    const socket = io("http://host.example", { path });
    expect(last().context.options.path).toBe(asked);
    expect(socket.io.engine.opts).toMatchObject({ path: asked, hostname: "host.example", secure: false });
  });

  it("carries what scripts expect on it", () => {
    const { io } = scene();
    expect(io.io).toBe(io);
    expect(io.connect).toBe(io);
    expect(io.protocol).toBe(5);
    expect(new io.Manager("http://host.example", { autoConnect: false }).socket("/")).toBeInstanceOf(io.Socket);
  });
});

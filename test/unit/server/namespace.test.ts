import { describe, expect, it } from "vitest";
import { Namespace } from "../../../src/server/namespace.js";
import type { ParentNamespace } from "../../../src/server/parent-namespace.js";
import { memoryServer } from "./fake-connection.js";

describe("middlewares of a namespace", () => {
  it("run in order, and the socket joins behind the last", () => {
    const { io, connect } = memoryServer();
    const seen: unknown[] = [];
    io.use((socket, next) => {
      seen.push(["first", socket.connected]);
      next();
    });
    io.use((_socket, next) => {
      seen.push("second");
      next();
    });
    io.on("connection", (socket) => seen.push(["connection", socket.connected]));
    connect().receive("0");
    expect(seen).toEqual([["first", false], "second", ["connection", true]]);
  });

  it("refuse with the message and the data of their error", () => {
    const { io, connect, errors } = memoryServer();
    io.use((_socket, next) => next(Object.assign(new Error("not you"), { data: { code: 7 } })));
    const connection = connect();
    connection.receive("0");
    expect(connection.take()).toEqual(['4{"message":"not you","data":{"code":7}}']);
    expect(io.sockets.sockets.size).toBe(0);
    expect(errors).toEqual([]);
    connection.receive("0");
    expect(connection.take()).toHaveLength(1);
  });

  it("that throw or reject refuse, and are reported", async () => {
    const { io, connect, errors } = memoryServer();
    io.of("/throws").use(() => {
      throw new Error("thrown");
    });
    io.of("/rejects").use(async () => {
      throw new Error("rejected");
    });
    const connection = connect();
    connection.receive("0/throws,", "0/rejects,");
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.take()).toEqual(['4/throws,{"message":"thrown"}', '4/rejects,{"message":"rejected"}']);
    expect(errors.map(({ code, cause }) => [code, (cause as Error).message])).toEqual([
      ["MIDDLEWARE_FAILED", "thrown"],
      ["MIDDLEWARE_FAILED", "rejected"],
    ]);
  });

  it("may make a socket join rooms, which it leaves where it is refused", () => {
    const { io, connect } = memoryServer();
    io.use((socket, next) => {
      void socket.join("early");
      next(socket.handshake.auth.ok === true ? undefined : new Error("no"));
    });
    const [friend, stranger] = [connect(), connect()];
    friend.receive('0{"ok":true}');
    stranger.receive("0");
    expect(io.sockets.adapter.rooms).toEqual(
      new Map([
        ["early", new Set(["id-0"])],
        ["id-0", new Set(["id-0"])],
      ]),
    );
  });

  it("are heard once, however often they call next", () => {
    const { io, connect } = memoryServer();
    io.use((_socket, next) => {
      next();
      next(new Error("too late"));
      next();
    });
    const connection = connect();
    connection.receive("0");
    expect(connection.take()).toEqual(['0{"sid":"id-0"}']);
  });
});

describe("io.of", () => {
  it("gives the same namespace each time, with a slash before its name", () => {
    const { io } = memoryServer();
    expect(io.of("chat")).toBe(io.of("/chat"));
    expect(io.of("/chat").name).toBe("/chat");
    expect(io.of("/")).toBe(io.sockets);
  });

  it("takes a listener of connections", () => {
    const { io, join } = memoryServer();
    const names: string[] = [];
    io.of("/chat", (socket) => names.push(socket.nsp.name));
    join("/chat");
    expect(names).toEqual(["/chat"]);
  });

  it("tells of each new namespace", () => {
    const { io } = memoryServer();
    const names: string[] = [];
    io.on("new_namespace", (namespace) => names.push(namespace.name));
    io.of("/a");
    io.of("/a");
    expect(names).toEqual(["/a"]);
  });
});

describe("dynamic namespaces", () => {
  it("are made when a client asks for a name that a pattern matches", () => {
    const { io, connect } = memoryServer();
    const seen: unknown[] = [];
    const parent = io.of(/^\/room-\d+$/g);
    parent.use((_socket, next) => {
      seen.push("middleware");
      next();
    });
    parent.on("connection", (socket) => seen.push(socket.nsp.name));
    const connection = connect();
    connection.receive("0/room-1,", "0/room-2,", "0/room-x,");
    expect(connection.take().map((packet) => packet[0])).toEqual(["4", "0", "0"]);
    expect(seen).toEqual(["middleware", "middleware", "/room-1", "/room-2"]);
    expect(io.of("/room-1")).toBeInstanceOf(Namespace);
    expect((parent as ParentNamespace).children.size).toBe(2);
    expect(io.of(/^\/room-\d+$/)).toBe(parent);
  });

  it("are asked for with name and auth, each parent in turn, and may be decided later", () => {
    const { io, connect } = memoryServer();
    const asked: unknown[] = [];
    let decide = (_error: Error | null, _success: boolean): void => {};
    io.of((name, auth, next) => {
      asked.push([name, auth]);
      next(new Error("not mine"), true);
    });
    io.of((_name, _auth, next) => {
      decide = next;
    });
    const connection = connect();
    connection.receive('0/x,{"token":1}');
    expect(asked).toEqual([["/x", { token: 1 }]]);
    expect(connection.take()).toEqual([]);
    decide(null, true);
    decide(null, false);
    expect(connection.take()).toEqual(['0/x,{"sid":"id-0"}']);
  });

  it("are refused where the function throws or rejects", async () => {
    const { io, connect, errors } = memoryServer();
    io.of(() => {
      throw new Error("throws");
    });
    io.of(async () => {
      throw new Error("rejects");
    });
    const connection = connect();
    connection.receive("0/x,");
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.take()).toEqual(['4/x,{"message":"Invalid namespace"}']);
    expect(errors.map(({ cause }) => (cause as Error).message)).toEqual(["throws", "rejects"]);
  });

  it("all receive what their parent sends", async () => {
    const { io, join } = memoryServer();
    const parent = io.of(/^\/n/);
    const peers = [join("/n1"), join("/n2"), join("/n2")];
    parent.emit("e");
    expect(peers.map((peer) => peer.take())).toEqual([['2/n1,["e"]'], ['2/n2,["e"]'], ['2/n2,["e"]']]);
    const answer = parent.timeout(100).emitWithAck("ask");
    for (const peer of peers) {
      const [packet = ""] = peer.take();
      const [, nsp, id] = /^2(\/n\d),(\d+)/.exec(packet) ?? [];
      peer.receive(`3${nsp},${id}["${nsp}"]`);
    }
    expect(await answer).toEqual(["/n1", "/n2", "/n2"]);
    expect(await parent.fetchSockets()).toHaveLength(3);
    parent.disconnectSockets();
    expect(peers.map((peer) => peer.take())).toEqual([["1/n1,"], ["1/n2,"], ["1/n2,"]]);
  });

  it("are let go with their last socket where that is asked for", () => {
    const { io, join } = memoryServer({ cleanupEmptyChildNamespaces: true });
    const parent = io.of(/^\/n/) as ParentNamespace;
    const [first, second] = [join("/n1"), join("/n1")];
    first.end();
    expect(io._nsps.has("/n1")).toBe(true);
    second.end();
    expect(io._nsps.has("/n1")).toBe(false);
    expect(parent.children.size).toBe(0);
    join("/n1");
    expect(parent.children.size).toBe(1);
  });

  it("stay where it is not", () => {
    const { io, join } = memoryServer();
    io.of(/^\/n/);
    join("/n1").end();
    expect(io._nsps.has("/n1")).toBe(true);
  });
});

describe("an adapter", () => {
  it("is made by an arrow function, or constructed", () => {
    const { io } = memoryServer();
    const before = io.adapter();
    const own = io.sockets.adapter;
    io.adapter((namespace: { name: string }) => {
      expect(namespace.name).toBe("/");
      return own;
    });
    expect(io.sockets.adapter).toBe(own);
    io.adapter(before);
    expect(io.sockets.adapter).not.toBe(own);
    expect(io.sockets.adapter).toBeInstanceOf(before);
  });

  it("that fails while a client comes and goes harms nobody", async () => {
    const { io, join, errors } = memoryServer();
    io.sockets.adapter.addAll = () => {
      throw new Error("addAll");
    };
    io.sockets.adapter.delAll = () => Promise.reject(new Error("delAll"));
    join().end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors.map(({ cause }) => (cause as Error).message)).toEqual(["addAll", "delAll"]);
    expect(io.sockets.sockets.size).toBe(0);
  });
});

describe("the emitter methods of a server", () => {
  it("act on the main namespace", () => {
    const { io } = memoryServer();
    const listener = (): void => {};
    expect(io.on("x", listener)).toBe(io);
    expect(io.sockets.listeners("x")).toEqual([listener]);
    expect(io.listenerCount("x")).toBe(1);
    expect(io.eventNames()).toEqual(["x"]);
    io.off("x", listener);
    expect(io.sockets.listenerCount("x")).toBe(0);
  });

  it("do not send, and receive what other processes send", () => {
    const { io } = memoryServer();
    const seen: unknown[] = [];
    io.on("from elsewhere", (n) => seen.push(n));
    io.sockets._onServerSideEmit(["from elsewhere", 1]);
    expect(seen).toEqual([1]);
  });
});

describe("options", () => {
  it("that no number can be are refused", () => {
    for (const options of [
      { connectTimeout: -1 },
      { maxAttachments: Number.NaN },
      { maxNamespacesPerConnection: "5" },
    ]) {
      expect(() => memoryServer(options as object)).toThrow(expect.objectContaining({ code: "API_INVALID_OPTION" }));
    }
  });

  it("can be read again", () => {
    const { io } = memoryServer({ path: "/live/", serveClient: false, connectTimeout: 7 });
    expect([io.path(), io.serveClient(), io.connectTimeout()]).toEqual(["/live", false, 7]);
    expect(io.path("/other").path()).toBe("/other");
    expect(io.connectTimeout(8).connectTimeout()).toBe(8);
  });

  it("refuse what is no server", () => {
    const { io } = memoryServer();
    const express = (): void => {};
    expect(() => io.attach(express)).toThrow(expect.objectContaining({ code: "API_INVALID_ARGUMENT" }));
    expect(() => io.listen("not a port")).toThrow(expect.objectContaining({ code: "API_INVALID_ARGUMENT" }));
    expect(() => io.attachApp()).toThrow(expect.objectContaining({ code: "API_UNAVAILABLE" }));
  });
});

describe("a listener of the adapter", () => {
  it("that throws or rejects is reported, and keeps nobody from joining", async () => {
    const { io, errors, join } = memoryServer();
    io.of("/").adapter.on("join-room", () => {
      throw new Error("thrown");
    });
    io.of("/").adapter.on("create-room", () => Promise.reject(new Error("rejected")) as never);
    join("/");
    await new Promise((resolve) => setImmediate(resolve));
    expect(errors).toEqual([
      { code: "HANDLER_FAILED", event: "adapter", cause: new Error("thrown") },
      { code: "HANDLER_FAILED", event: "adapter", cause: new Error("rejected") },
    ]);
    expect(io.sockets.sockets.size).toBe(1);
  });
});

describe("a child namespace that is closed when nobody is in it", () => {
  const scene = () => {
    const stage = memoryServer({ cleanupEmptyChildNamespaces: true });
    const decisions: ((error?: Error) => void)[] = [];
    stage.io.of(/^\/c/).use((_socket, next) => void decisions.push(next));
    return { ...stage, decisions };
  };

  it("waits for clients whose middlewares have not decided", () => {
    const { io, clock, connect, decisions } = scene();
    const [refused, accepted] = [connect(), connect()];
    refused.receive("0/c,");
    accepted.receive("0/c,");
    decisions[0]?.(new Error("no"));
    clock.settle();
    expect(io._nsps.has("/c")).toBe(true);
    decisions[1]?.();
    clock.settle();
    expect(io.of("/c").sockets.size).toBe(1);
    accepted.end();
    expect(io._nsps.has("/c")).toBe(false);
  });

  it("is closed when the last of them has gone instead", () => {
    const { io, clock, connect, decisions } = scene();
    const connection = connect();
    connection.receive("0/c,");
    connection.end();
    decisions[0]?.();
    clock.settle();
    expect(io._nsps.has("/c")).toBe(false);
  });
});

describe("a child namespace that stays when nobody is in it", () => {
  const names = (io: { _nsps: Map<string, unknown> }): string[] => [...io._nsps.keys()].filter((name) => name !== "/");

  it("goes when more were left behind it than maxEmptyNamespaces", () => {
    const { io, connect } = memoryServer({ maxEmptyNamespaces: 2 });
    const parent = io.of(/^\/c/) as unknown as ParentNamespace;
    for (const name of ["/c1", "/c2", "/c3", "/c4"]) {
      const connection = connect();
      connection.receive(`0${name},`);
      connection.end();
    }
    expect(names(io)).toEqual(["/c3", "/c4"]);
    expect(parent.children.size).toBe(2);
  });

  it("counts from when it was left last, and not while somebody is in it or waits for its middlewares", () => {
    const { io, clock, connect } = memoryServer({ maxEmptyNamespaces: 1 });
    const decisions: (() => void)[] = [];
    io.of(/^\/c/);
    io.of(/^\/slow/).use((_socket, next) => void decisions.push(next));
    const stays = connect();
    stays.receive("0/c1,");
    const waits = connect();
    waits.receive("0/slow,");
    for (const name of ["/c2", "/c3", "/c2"]) {
      const connection = connect();
      connection.receive(`0${name},`);
      connection.end();
    }
    expect(names(io)).toEqual(["/c1", "/slow", "/c2"]);
    stays.end();
    expect(names(io)).toEqual(["/c1", "/slow"]);
    waits.end();
    decisions[0]?.();
    clock.settle();
    expect(names(io)).toEqual(["/slow"]);
  });

  it("is not of those where the program made it", () => {
    const { io, connect } = memoryServer({ maxEmptyNamespaces: 0 });
    io.of(/^\/c/);
    const child = io.of("/c1");
    const connection = connect();
    connection.receive("0/c1,");
    connection.receive("0/c2,");
    connection.end();
    expect(names(io)).toEqual(["/c1"]);
    expect(io.of("/c1")).toBe(child);
  });

  for (const cleanupEmptyChildNamespaces of [false, true])
    it(`goes too where its client left before it was made, with cleanupEmptyChildNamespaces: ${cleanupEmptyChildNamespaces}`, () => {
      const { io, connect } = memoryServer({ maxEmptyNamespaces: 0, cleanupEmptyChildNamespaces });
      let decide: (error: Error | null, success: boolean) => void = () => {};
      io.of((_name, _auth, next) => {
        decide = next;
      });
      const connection = connect();
      connection.receive("0/c1,");
      connection.end();
      decide(null, true);
      expect(names(io)).toEqual([]);
    });

  it("goes too where its client left while its session was looked for", async () => {
    const { io, connect } = memoryServer({ maxEmptyNamespaces: 0, connectionStateRecovery: {} });
    io.of(/^\/c/);
    const connection = connect();
    connection.receive('0/c1,{"pid":"x"}');
    connection.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(names(io)).toEqual([]);
  });

  it("is none with a name of more than 1,024 characters", () => {
    const { io, connect } = memoryServer();
    io.of(/^\/c/);
    const connection = connect();
    connection.receive(`0/${"c".repeat(1023)},`);
    connection.receive(`0/${"c".repeat(1024)},`);
    expect(names(io).map((name) => name.length)).toEqual([1024]);
    expect(connection.take().at(-1)).toContain('"Invalid namespace"');
  });
});

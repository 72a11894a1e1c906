// Acknowledged delivery by bytes, with a clock that the test moves: what a client of ours may say, and what one may say that only looks like it.
import { describe, expect, it } from "vitest";
import type { LostSession } from "../../../src/server/socket-types.js";
import { type FakeConnection, type MemoryServer, memoryServer } from "./fake-connection.js";

interface Terms {
  readonly pid: string;
  readonly received?: number;
  readonly lost?: string;
}

/** Joins as our client does, with what it claims, and takes the answer and what came behind it. */
function join(server: MemoryServer, session: object = {}, nsp = ""): [FakeConnection, Terms, string[]] {
  const connection = server.connect();
  const claim = { received: 0, from: 0, sent: 0, ...session };
  const payload = { vaiven: { v: 1, caps: ["delivery"], session: claim } };
  connection.receive(`0${nsp}${JSON.stringify(payload)}`);
  const [connect = "", ...rest] = connection.take();
  const answer = JSON.parse(connect.slice(connect.indexOf("{"))) as { vaiven: Terms };
  return [connection, answer.vaiven, rest];
}

function serverWith(options: object = {}): MemoryServer & { readonly lost: LostSession[]; readonly heard: unknown[] } {
  const server = memoryServer({ connectionStateRecovery: options });
  const lost: LostSession[] = [];
  const heard: unknown[] = [];
  server.io.on("session_lost", (session) => lost.push(session));
  server.io.on("connection", (socket) => socket.on("event", (n: unknown) => heard.push(n)));
  return { ...server, lost, heard };
}

/** The one socket of the main namespace. */
const socketOf = ({ io }: MemoryServer) => [...io.sockets.sockets.values()][0]!;

it("a dynamic namespace stays as long as a client that is away may come back to it", () => {
  const server = memoryServer({ connectionStateRecovery: {}, cleanupEmptyChildNamespaces: true });
  server.io.of(/^\/game-/);
  const [connection] = join(server, {}, "/game-1,");
  connection.end("transport close");
  expect(server.io._nsps.has("/game-1")).toBe(true);
  server.clock.advance(121_000);
  expect(server.io._nsps.has("/game-1")).toBe(false);
});

describe("what a client says of what it has", () => {
  it.each([
    ["more than was sent", '["received",2]'],
    ["a negative number", '["received",-1]'],
    ["half a packet", '["received",0.5]'],
    ["what is no number", '["received","1"]'],
    ["nothing", '["received"]'],
    ["a number beyond those that are exact", '["received",9007199254740993]'],
    ["a negative number left out", '["skip",-1]'],
    ["half a packet left out", '["skip",1.5]'],
    ["more left out than there are numbers", '["skip",9007199254740991]'],
    ["a kind that nobody knows", '["recieved",1]'],
  ])("closes its connection: %s", (_, message) => {
    const server = serverWith();
    const [connection] = join(server);
    connection.receive('2["event",0]');
    socketOf(server).emit("one");
    connection.receive(`7${message}`);
    expect(connection.closed).not.toBe("no");
    expect(server.errors).toEqual([]);
    const [next] = join(server);
    next.receive('2["event",1]');
    expect(server.heard).toEqual([0, 1]);
  });

  it.each([
    [{ received: -1 }],
    [{ received: 1.5 }],
    [{ from: -1 }],
    [{ sent: -1 }],
    [{ sent: "1" }],
    [{ received: null }],
    [{ pid: 7 }],
    [{ pages: "page" }],
    [{ pages: [1] }],
    [{ pages: ["x".repeat(65)] }],
    [{ pages: Array.from({ length: 65 }, String) }],
  ])("is no claim where it has the wrong form, and harms no session: %j", (wrong) => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    first.end();
    const connection = server.connect();
    const session = { pid, received: 0, from: 0, sent: 0, ...wrong };
    connection.receive(`0${JSON.stringify({ vaiven: { v: 1, caps: ["delivery"], session } })}`);
    expect(server.lost).toEqual([]);
    const [, terms] = join(server, { pid });
    expect(terms).toMatchObject({ pid, received: 0 });
  });
});

describe("a claim", () => {
  it("of who has sent less than came is that of a copy: it gets a session of its own, and the other goes on", () => {
    const server = serverWith();
    const [live, { pid }] = join(server);
    live.receive('2["event",0]', '2["event",1]');
    const [copy, terms] = join(server, { pid, sent: 1 });
    expect(terms.pid).not.toBe(pid);
    expect(terms.lost).toBe("unknown session");
    expect([live.closed, copy.closed, server.lost]).toEqual(["no", "no", []]);
    live.receive('2["event",2]');
    copy.receive('2["event","copy"]');
    expect(server.heard).toEqual([0, 1, 2, "copy"]);
  });

  it("of who has received less than it has confirmed already is old, and harms nothing", () => {
    const server = serverWith();
    const [live, { pid }] = join(server);
    socketOf(server).emit("one");
    live.receive('7["received",1]');
    const [, terms] = join(server, { pid });
    expect(terms.lost).toBe("unknown session");
    expect([live.closed, server.lost]).toEqual(["no", []]);
  });

  it("of a session of another namespace is refused", () => {
    const server = serverWith();
    server.io.of("/other");
    const [live, { pid }] = join(server);
    const [, terms] = join(server, { pid }, "/other,");
    expect(terms.pid).not.toBe(pid);
    expect(live.closed).toBe("no");
  });

  it("is made twice over one connection: each namespace goes on for itself", () => {
    const server = serverWith();
    const other: unknown[] = [];
    server.io.of("/other").on("connection", (socket) => socket.on("event", (n: unknown) => other.push(n)));
    const payload = (session: object) => JSON.stringify({ vaiven: { v: 1, caps: ["delivery"], session } });
    const none = { received: 0, from: 0, sent: 0 };
    const first = server.connect();
    first.receive(`0${payload(none)}`, `0/other,${payload(none)}`);
    const [main, second] = first.take().map((text) => JSON.parse(text.slice(text.indexOf("{"))).vaiven as Terms);
    first.receive('2["event",1]', '2/other,["event",2]', '2/other,["event",3]');
    first.end();
    server.io.emit("down", 1);
    server.io.of("/other").emit("down", 2);
    const next = server.connect();
    next.receive(`0${payload({ ...none, pid: main?.pid, sent: 1 })}`);
    next.receive(`0/other,${payload({ ...none, pid: second?.pid, sent: 2 })}`);
    const answers = next.take();
    expect(answers.map((text) => text.replace(/^0.*"received":(\d+).*/, "received $1"))).toEqual([
      "received 1",
      '2["down",1]',
      "received 2",
      '2/other,["down",2]',
    ]);
    expect([server.heard, other]).toEqual([[1], [2, 3]]);
  });

  it("names a session that its client has given up: nothing of that is heard any more", () => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    const [, terms] = join(server, { over: pid });
    expect(server.lost.map(({ reason }) => reason)).toEqual(["expired"]);
    first.receive('2["event","late"]');
    expect([server.heard, terms.lost]).toEqual([[], undefined]);
  });

  it("of a session that the server has ended while its client was away gets a new one", () => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    first.end();
    server.io.disconnectSockets();
    const [, terms] = join(server, { pid });
    expect(terms.pid).not.toBe(pid);
    expect([terms.lost, server.lost]).toEqual(["expired", []]);
  });
});

describe("what is emitted while a client comes back", () => {
  it("is sent once, behind what it missed, also by who listens to the rooms that it joins again", () => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    const { id } = socketOf(server);
    first.end();
    server.io.emit("missed");
    server.io.of("/").adapter.on("join-room", (room: string) => {
      if (room === id) server.io.to(room).emit("welcome back");
    });
    const [, , rest] = join(server, { pid });
    expect(rest).toEqual(['2["missed"]', '2["welcome back"]']);
  });
});

describe("broadcasts that are kept once for all their receivers", () => {
  /** Everything that each of three clients is sent, over two connections each, cut behind `before`. */
  function conversation(before: (server: MemoryServer) => void, after: (server: MemoryServer) => void): string[][] {
    const server = serverWith();
    const ends = Array.from({ length: 3 }, () => join(server));
    const sockets = [...server.io.sockets.sockets.values()];
    for (const socket of sockets.slice(0, 2)) void socket.join("room");
    before(server);
    const seen = ends.map(([connection]) => connection.take());
    for (const [connection] of ends) connection.end();
    after(server);
    return ends.map(([, { pid }], index) => {
      // The network had lost the last three of them.
      const has = seen[index]?.slice(0, -3) ?? [];
      const [again, , rest] = join(server, { pid, received: has.length });
      server.io.emit("end");
      again.receive(`7["received",${has.length + rest.length + 1}]`);
      expect([again.closed, server.lost, server.errors]).toEqual(["no", [], []]);
      again.end();
      return [...has, ...rest].map((text) => text.replace(/^2\["([^"]*)"(?:,(\d+))?\]$/, "$1$2"));
    });
  }

  const numbers = (name: string, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, n) => `${name}${from + n}`);
  const emit = (server: MemoryServer, from: number, to: number): void => {
    for (let n = from; n < to; n++) server.io.emit("all", n);
  };

  it("are one object in the logs of all, also of who is away; of a room's they are another, and what goes to one socket is that socket's", () => {
    const server = serverWith();
    const ends = Array.from({ length: 4 }, () => join(server)[0]);
    const sockets = [...server.io.sockets.sockets.values()];
    const pieces = (): unknown[] =>
      sockets.map((socket) => (socket as unknown as { session: { log: { open: unknown } } }).session.log.open);
    for (const socket of sockets) void socket.join("room");
    ends[3]?.end();
    server.io.emit("all");
    const [all] = pieces();
    expect(all).toBeDefined();
    expect(pieces()).toEqual(Array(4).fill(all));
    expect(new Set(pieces()).size).toBe(1);
    server.io.volatile.emit("shaky");
    expect(new Set(pieces())).toEqual(new Set([all]));
    server.io.to("room").emit("room");
    const [room] = pieces();
    expect(room).not.toBe(all);
    expect(new Set(pieces()).size).toBe(1);
    for (const { id } of sockets) server.io.to(id).emit("one");
    expect(pieces()).toEqual(Array(4).fill(undefined));
  });

  it("arrive once and in order, over a cut in the midst of a run and of a piece", () => {
    const all = conversation(
      (server) => emit(server, 0, 100),
      (server) => emit(server, 100, 300),
    );
    // What is emitted at the end is for those too who come back later.
    expect(all.map((texts) => texts.slice(0, 300))).toEqual(Array(3).fill(numbers("all", 0, 300)));
  });

  it("have their place among what goes to rooms, to one, and to all but one", () => {
    const some = (server: MemoryServer, from: number): void => {
      const socket = server.io.sockets.sockets.get("id-2");
      for (let n = from; n < from + 20; n++) {
        server.io.emit("all", n);
        server.io.to("room").emit("room", n);
        if (n % 3 === 0) server.io.except("room").emit("others", n);
        if (n % 5 === 0) server.io.to("id-2").emit("one", n);
        socket?.broadcast.emit("but one", n);
      }
    };
    const texts = conversation(
      (server) => some(server, 0),
      (server) => emit(server, 20, 90),
    );
    const [first = [], second = [], third = []] = texts.map((list) => list.filter((text) => text !== "end"));
    const expected = (isMember: boolean): string[] => [
      ...numbers("", 0, 20).flatMap((n) => [
        `all${n}`,
        ...(isMember ? [`room${n}`] : Number(n) % 3 === 0 ? [`others${n}`] : []),
      ]),
      ...numbers("all", 20, 90),
    ];
    const without = (list: string[]): string[] => list.filter((text) => !/^(?:one|but one)/.test(text));
    expect(without(first)).toEqual(expected(true));
    expect(without(second)).toEqual(expected(true));
    expect(without(third)).toEqual(expected(false));
  });

  it("keep for each the order in which it was sent them, where a listener broadcasts within a broadcast", () => {
    const server = serverWith();
    const ends = Array.from({ length: 3 }, () => join(server));
    const [, middle] = [...server.io.sockets.sockets.values()];
    middle?.onAnyOutgoing((name: string, n: number) => {
      if (name === "outer") server.io.emit("inner", n);
    });
    for (let n = 0; n < 100; n++) server.io.emit("outer", n);
    const orders = ends.map(([connection]) => connection.take());
    expect(orders[0]?.slice(0, 2)).toEqual(['2["outer",0]', '2["inner",0]']);
    expect(orders[2]?.slice(0, 2)).toEqual(['2["inner",0]', '2["outer",0]']);
    for (const [connection] of ends) connection.end();
    expect(ends.map(([, { pid }]) => join(server, { pid })[2])).toEqual(orders);
  });

  it("leave out volatile ones that were lost in the midst of a run, and count them", () => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    for (let n = 0; n < 3; n++) {
      server.io.emit("all", n);
      server.io.volatile.emit("shaky", n);
    }
    first.end();
    server.io.volatile.emit("shaky", "to nobody");
    expect(join(server, { pid, received: 1 })[2]).toEqual([
      '7["skip",1]',
      '2["all",1]',
      '7["skip",1]',
      '2["all",2]',
      '7["skip",1]',
    ]);
  });

  it("go when there are more than may be kept for a client, although others have them still", () => {
    const server = serverWith({ maxUnconfirmedPackets: 10 });
    const [slow] = join(server);
    const [quick, { pid }] = join(server);
    for (let n = 0; n < 30; n++) {
      server.io.emit("all", n);
      quick.receive(`7["received",${n + 1}]`);
    }
    expect(slow.take().filter((text) => text === '7["confirm"]')).toHaveLength(1);
    quick.end();
    emit(server, 30, 40);
    expect(join(server, { pid, received: 30 })[2]).toHaveLength(10);
    slow.end();
    expect(server.lost.map(({ reason }) => reason)).toEqual([]);
  });
});

describe("what a listener of the connection emits while a client is sent what it missed", () => {
  it("leaves once, behind that", () => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    first.end();
    server.io.emit("missed", 1);
    server.io.emit("missed", 2);
    server.io.of("/").on("connection", (socket) => socket.emit("hello"));
    const connection = server.connect();
    const { send } = connection;
    connection.send = (packet) => {
      send.call(connection, packet);
      if (packet.head === '42["missed",1]') socketOf(server).emit("re-entered");
    };
    const session = { pid, received: 0, from: 0, sent: 0 };
    connection.receive(`0${JSON.stringify({ vaiven: { v: 1, caps: ["delivery"], session } })}`);
    expect(connection.take().slice(1)).toEqual(['2["missed",1]', '2["missed",2]', '2["re-entered"]', '2["hello"]']);
  });
});

describe("the memory of all who are away", () => {
  it("has a limit: those who left first are lost for it, and are told so", () => {
    const server = serverWith({ maxAbsentBytes: 100 });
    const leave = (): string => {
      const [connection, { pid }] = join(server);
      connection.end();
      return pid;
    };
    const [one, two] = [leave(), leave()];
    server.io.emit("x".repeat(30));
    expect(server.lost).toEqual([]);
    server.io.emit("y".repeat(30));
    expect(server.lost.map(({ reason, unconfirmed }) => [reason, unconfirmed])).toEqual([["overflow", 2]]);
    expect(join(server, { pid: one })[1]).toMatchObject({ lost: "expired" });
    expect(join(server, { pid: two })[2]).toHaveLength(2);
  });

  it("has a limit in sessions too", () => {
    const server = serverWith({ maxAbsentSessions: 1 });
    for (let count = 0; count < 3; count++) join(server)[0].end();
    expect(server.lost.map(({ reason }) => reason)).toEqual(["overflow", "overflow"]);
  });

  it("counts what was under way when they left, and nothing of who is back", () => {
    const server = serverWith({ maxAbsentBytes: 100 });
    const [first, { pid }] = join(server);
    server.io.emit("x".repeat(60));
    first.end();
    const [again] = join(server, { pid });
    again.receive('7["received",1]');
    const [second] = join(server);
    server.io.emit("y".repeat(60));
    second.end();
    expect(server.lost).toEqual([]);
    const [third] = join(server);
    server.io.emit("z".repeat(60));
    third.end();
    expect(server.lost).toHaveLength(1);
  });
});

describe("what is emitted before the client knows that it is accepted", () => {
  it("follows the answer to CONNECT, and counts", () => {
    const server = serverWith();
    server.io.use((socket, next) => {
      socket.emit("from a middleware");
      next();
    });
    const [connection, , rest] = join(server);
    expect(rest).toEqual(['2["from a middleware"]']);
    connection.receive('7["received",1]');
    expect(connection.closed).toBe("no");
  });
});

describe("a broadcast that reports who has it", () => {
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("asks those who were members when it was sent, whatever becomes of them", async () => {
    const server = serverWith({ maxDisconnectionDuration: 5000 });
    const clients = Array.from({ length: 5 }, () => join(server)[0]);
    const sockets = [...server.io.sockets.sockets.values()];
    const [stays, leaves, goes, isLost, comesLate] = sockets;
    for (const socket of sockets) if (socket !== comesLate) void socket.join("room");
    const reports: unknown[] = [];
    void server.io
      .to("room")
      .timeout(20_000)
      .emitConfirmed("event", 1)
      .then((report) => reports.push(report));
    void leaves?.leave("room");
    void comesLate?.join("room");
    goes?.disconnect();
    clients[3]?.end();
    clients[0]?.receive('7["received",1]');
    clients[1]?.receive('7["received",1]');
    await settled();
    expect(reports).toEqual([]);
    server.clock.advance(5100);
    await settled();
    expect(reports).toEqual([{ confirmed: [stays?.id, leaves?.id], unconfirmed: [goes?.id, isLost?.id] }]);
    expect(clients[4]?.take()).toEqual([]);
  });

  it("waits for a member that is cut and comes back", async () => {
    const server = serverWith();
    const [first, { pid }] = join(server);
    const { id } = socketOf(server);
    const report = server.io.timeout(20_000).emitConfirmed("event", 1);
    first.end();
    server.clock.advance(1000);
    const [again, , missed] = join(server, { pid });
    expect(missed).toEqual(['2["event",1]', '7["confirm"]']);
    again.receive('7["received",1]');
    expect(await report).toEqual({ confirmed: [id], unconfirmed: [] });
  });

  it("knows at once of a member whom a listener of outgoing events disconnects", async () => {
    const server = serverWith();
    join(server);
    const socket = socketOf(server);
    socket.onAnyOutgoing(() => socket.disconnect());
    const report = server.io.timeout(20_000).emitConfirmed("event", 1);
    expect(await report).toEqual({ confirmed: [], unconfirmed: [socket.id] });
  });
});

import { describe, expect, it } from "vitest";
import { memoryServer } from "./fake-connection.js";

describe("joining a namespace", () => {
  it("sends the id, runs connection handlers, then delivers what came meanwhile, in this order", () => {
    const { io, clock, connect } = memoryServer();
    const seen: unknown[] = [];
    let letIn = (): void => {};
    io.use((_socket, next) => {
      letIn = next;
    });
    const connection = connect();
    io.on("connection", (socket) => {
      seen.push("connection", connection.take());
      socket.on("e", (n) => seen.push(n));
    });
    connection.receive("0", '2["e",1]', '2["e",2]');
    expect(seen).toEqual([]);
    letIn();
    clock.settle();
    expect(seen).toEqual(["connection", ['0{"sid":"id-0"}'], 1, 2]);
  });

  it("is decided in the read of the packet where there is no middleware", () => {
    const { io, connect } = memoryServer();
    const seen: unknown[] = [];
    io.on("connection", (socket) => socket.on("e", (n) => seen.push(n)));
    connect().receive("0", '2["e",1]');
    expect(seen).toEqual([1]);
  });

  it("of an unknown name is refused, and the connection stays", () => {
    const { connect } = memoryServer();
    const connection = connect();
    connection.receive("0/nowhere,", "0");
    expect(connection.take()).toEqual(['4/nowhere,{"message":"Invalid namespace"}', '0{"sid":"id-0"}']);
    expect(connection.closed).toBe("no");
  });

  it("twice closes the connection", () => {
    const { io, join } = memoryServer();
    const reasons: unknown[] = [];
    io.on("connection", (socket) => socket.on("disconnect", (reason) => reasons.push(reason)));
    const connection = join("/");
    connection.receive("0");
    expect(connection.closed).toBe("flushed");
    expect(reasons).toEqual(["forced close"]);
  });

  it("must happen within connectTimeout", () => {
    const { clock, connect } = memoryServer({ connectTimeout: 1000 });
    const idle = connect();
    const joined = connect();
    joined.receive("0");
    clock.advance(999);
    expect(idle.closed).toBe("no");
    clock.advance(200);
    expect([idle.closed, joined.closed]).toEqual(["flushed", "no"]);
    expect(clock.timerCount).toBe(0);
  });

  it("of more namespaces than allowed is refused", () => {
    const { io, connect } = memoryServer({ maxNamespacesPerConnection: 2 });
    for (const name of ["a", "b", "c"]) io.of(name);
    const connection = connect();
    connection.receive("0/a,", "0/b,", "0/c,");
    expect(connection.take()[2]).toContain("at most 2");
    connection.receive("1/a,", "0/c,");
    expect(connection.take()).toEqual(['0/c,{"sid":"id-2"}']);
  });

  it("counts those that the server has ended, of which packets may still come", () => {
    const { io, connect } = memoryServer({ maxNamespacesPerConnection: 2 });
    for (const name of ["a", "b", "c"]) io.of(name).on("connection", (socket) => socket.disconnect());
    const connection = connect();
    connection.receive("0/a,", "0/b,");
    connection.take();
    connection.receive("0/c,");
    expect(connection.take()).toEqual([expect.stringContaining("CONNECT_TOO_MANY_NAMESPACES")]);
  });

  it("does not happen when the connection ends first", () => {
    const { io, connect } = memoryServer();
    let letIn = (): void => {};
    io.use((_socket, next) => {
      letIn = next;
    });
    io.on("connection", () => {
      throw new Error("connected");
    });
    const connection = connect();
    connection.receive("0");
    connection.end();
    letIn();
    expect(io.sockets.sockets.size).toBe(0);
    expect(connection.take()).toEqual([]);
  });

  it("queues no more than a client of the protocol could send", () => {
    const { io, connect } = memoryServer();
    io.use(() => {});
    const connection = connect();
    connection.receive("0");
    for (let n = 0; n < 100; n++) connection.receive('2["e"]');
    expect(connection.closed).toBe("no");
    connection.receive('2["e"]');
    expect(connection.closed).toBe("flushed");
  });
});

describe("the envelope between our own ends", () => {
  it("is taken out of the payload before auth is seen", () => {
    const { io, connect } = memoryServer();
    const auths: unknown[] = [];
    io.on("connection", (socket) => auths.push(socket.handshake.auth));
    connect().receive('0{"token":"t","vaiven":{"v":1,"caps":["x"]}}');
    expect(auths).toEqual([{ token: "t" }]);
  });

  for (const foreign of ['"text"', "null", "{}", '{"v":"1","caps":[]}', '{"v":1}', '{"v":1,"caps":[2]}']) {
    it(`of another shape is the program's own: ${foreign}`, () => {
      const { io, connect } = memoryServer();
      const auths: unknown[] = [];
      io.on("connection", (socket) => auths.push(socket.handshake.auth));
      connect().receive(`0{"vaiven":${foreign}}`);
      expect(auths).toEqual([{ vaiven: JSON.parse(foreign) }]);
    });
  }
});

describe("a peer's mistake", () => {
  const mistakes: [string, string | Uint8Array][] = [
    ["an unknown type", "9"],
    ["broken JSON", '2["e"'],
    ["a reserved name", '2["disconnect"]'],
    ["bytes that nothing announced", new Uint8Array([1])],
    ["too many attachments", '51001-["e"]'],
  ];
  for (const [what, message] of mistakes) {
    it(`ends its sockets with forced close and closes its connection: ${what}`, () => {
      const { io, join, errors } = memoryServer();
      const ends: unknown[] = [];
      io.on("connection", (socket) => {
        socket.on("disconnect", (reason, error) => ends.push([reason, error.code.slice(0, 7)]));
      });
      const other = join();
      const connection = join();
      connection.receive(message, '2["e"]');
      expect(ends).toEqual([["forced close", "PACKET_"]]);
      expect([connection.closed, other.closed]).toEqual(["flushed", "no"]);
      expect(errors).toEqual([]);
    });
  }

  it("an event for a namespace that was never joined closes the connection", () => {
    const { join } = memoryServer();
    const connection = join("/");
    connection.receive('2/never,["e"]');
    expect(connection.closed).toBe("flushed");
  });

  it("an event for a namespace that the server has just ended is none", () => {
    const { io, join } = memoryServer();
    const connection = join("/");
    io.disconnectSockets();
    expect(connection.take()).toEqual(["1"]);
    connection.receive('2["on its way"]', "1");
    expect(connection.closed).toBe("no");
    connection.receive("0");
    expect(connection.take()).toEqual(['0{"sid":"id-1"}']);
  });

  it("an event named error that nobody listens to harms nobody", () => {
    const { join, errors } = memoryServer();
    const connection = join();
    connection.receive('2["error",{"message":"x"}]', '2["__proto__"]', "2[5]");
    expect(connection.closed).toBe("no");
    expect(errors).toEqual([]);
  });
});

describe("several namespaces on one connection", () => {
  it("receive their own events and end on their own", () => {
    const { io, join } = memoryServer();
    const seen: unknown[] = [];
    for (const name of ["/", "/a", "/b"]) {
      io.of(name).on("connection", (socket) => {
        socket.on("e", (n) => seen.push([name, n]));
        socket.on("disconnect", (reason) => seen.push([name, reason]));
      });
    }
    const connection = join("/", "/a", "/b");
    connection.receive('2/a,["e",1]', '2["e",2]', '2/b,["e",3]', "1/a,");
    connection.end("transport close");
    expect(seen).toEqual([
      ["/a", 1],
      ["/", 2],
      ["/b", 3],
      ["/a", "client namespace disconnect"],
      ["/", "transport close"],
      ["/b", "transport close"],
    ]);
  });
});

describe("protocol 3", () => {
  it("gets no offset of recovery, which its clients would take for an argument", () => {
    const { io, connect } = memoryServer({ connectionStateRecovery: {} });
    const old = connect("/socket.io/?EIO=3", 3);
    const stock = connect();
    stock.receive("0");
    for (const connection of [old, stock]) connection.take();
    io.emit("news", 1);
    io.volatile.emit("position", "north");
    io.emit("question", (_error: Error | null) => {});
    expect(old.take()).toEqual(['2["news",1]', '2["position","north"]', expect.stringMatching(/^2\d+\["question"\]$/)]);
    expect(stock.take()[0]).toMatch(/^2\["news",1,"[^"]+"\]$/);
  });

  it("joins the main namespace by itself, under the connection's id, and others under theirs", () => {
    const { io, connect } = memoryServer();
    io.of("/a");
    const connection = connect("/socket.io/?EIO=3", 3);
    expect(connection.take()).toEqual(["0"]);
    expect([...io.sockets.sockets.keys()]).toEqual(["session-0"]);
    connection.receive("0/a,", "0/nowhere,");
    expect(connection.take()).toEqual(["0/a,", '4/nowhere,{"message":"Invalid namespace"}']);
    expect([...io.of("/a").sockets.keys()]).toEqual(["/a#session-0"]);
  });
});

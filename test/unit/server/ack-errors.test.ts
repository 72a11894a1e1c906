import { describe, expect, it, vi } from "vitest";
import { type FakeConnection, type MemoryServer, memoryServer } from "./fake-connection.js";

const OURS = '0{"vaiven":{"v":1,"caps":["ack-errors"]}}';

function joined(server: MemoryServer, connect = OURS): FakeConnection {
  const connection = server.connect();
  connection.receive(connect);
  connection.take();
  return connection;
}

describe("an error as acknowledgement, with a client of ours", () => {
  it("goes with name, message, code and data, and without its stack", () => {
    const server = memoryServer();
    server.io.on("connection", (socket) => {
      socket.on("e", (ack) => ack(Object.assign(new TypeError("no"), { code: "E_NO", data: { at: 1 }, secret: 1 })));
    });
    const connection = joined(server);
    connection.receive('27["e"]');
    expect(connection.take()).toEqual([
      '7["ack-error",7,{"name":"TypeError","message":"no","code":"E_NO","data":{"at":1}}]',
    ]);
  });

  it("is what a handler throws or rejects with; it is reported as before, and a later acknowledgement is not sent", async () => {
    const server = memoryServer();
    server.io.on("connection", (socket) => {
      socket.on("throws", () => {
        throw new RangeError("a");
      });
      socket.on("rejects", async (ack) => {
        queueMicrotask(() => setImmediate(() => ack("late")));
        throw "b";
      });
      socket.on("answers first", (ack) => {
        ack("c");
        throw new Error("after it");
      });
    });
    const connection = joined(server);
    connection.receive('20["throws"]', '21["rejects"]', '22["answers first"]', '2["throws"]');
    await vi.waitFor(() => expect(server.errors.length).toBe(4));
    await new Promise((resolve) => setImmediate(resolve));
    expect(connection.take()).toEqual([
      '7["ack-error",0,{"name":"RangeError","message":"a"}]',
      '32["c"]',
      '7["ack-error",1,{"name":"Error","message":"b"}]',
    ]);
  });

  it("goes without its data where JSON cannot hold it", () => {
    const server = memoryServer();
    server.io.on("connection", (socket) => {
      socket.on("e", () => {
        throw Object.assign(new Error("no"), { code: {}, data: 1n });
      });
    });
    const connection = joined(server);
    connection.receive('20["e"]');
    expect(connection.take()).toEqual(['7["ack-error",0,{"name":"Error","message":"no"}]']);
  });

  it("is the answer to an event that nobody listens to, unless a catch-all listener may give it", () => {
    const server = memoryServer();
    const connection = joined(server);
    connection.receive('20["e"]', '21["error"]', '2["e"]');
    expect(connection.take()).toEqual([
      '7["ack-error",0,{"name":"VaivenError","message":"no listener for \\"e\\"","code":"ACK_UNHANDLED"}]',
      '7["ack-error",1,{"name":"VaivenError","message":"no listener for \\"error\\"","code":"ACK_UNHANDLED"}]',
    ]);
    for (const socket of server.io.sockets.sockets.values()) socket.onAny((_event, ack) => ack("any"));
    connection.receive('22["e"]');
    expect(connection.take()).toEqual(['32["any"]']);
  });

  it("is what a middleware refuses the event with", () => {
    const server = memoryServer();
    server.io.on("connection", (socket) => {
      socket.use((_event, next) => next(Object.assign(new Error("not allowed"), { data: 1 })));
    });
    const connection = joined(server);
    connection.receive('20["e"]');
    expect(connection.take()).toEqual(['7["ack-error",0,{"name":"Error","message":"not allowed","data":1}]']);
  });

  it("that comes rejects emitWithAck and is the error of the timed form; a plain callback gets it as its argument", async () => {
    const server = memoryServer();
    const connection = joined(server);
    const [socket] = server.io.sockets.sockets.values();
    const got: unknown[] = [];
    const promise = socket!.emitWithAck("a");
    socket!.timeout(100).emit("b", (...args: unknown[]) => got.push(args));
    socket!.emit("c", (...args: unknown[]) => got.push(args));
    const failure = '{"name":"TypeError","message":"no","code":5,"data":[1]}';
    for (const id of [0, 1, 2]) connection.receive(`7["ack-error",${id},${failure}]`);
    const error = Object.assign(new Error("no"), { name: "TypeError", code: 5, data: [1] });
    await expect(promise).rejects.toEqual(error);
    expect(got).toEqual([[error], [error]]);
    expect(server.clock.timerCount).toBe(0);
  });

  it("to a broadcast is no answer among the others: it is the error, with the answers that came", async () => {
    const server = memoryServer();
    const [fails, answers] = [joined(server), joined(server)];
    const got: unknown[] = [];
    const promise = server.io.emitWithAck("a");
    server.io.timeout(100).emit("b", (...args: unknown[]) => got.push(args));
    for (const id of [0, 1]) {
      fails.receive(`7["ack-error",${id},{"name":"Error","message":"no"}]`);
      answers.receive(`3${id}["yes"]`);
    }
    await expect(promise).rejects.toMatchObject({ message: "no", responses: ["yes"] });
    expect(got).toMatchObject([[{ message: "no" }, ["yes"]]]);
    expect(server.clock.timerCount).toBe(0);
  });
});

describe("an error as acknowledgement, with a stock client", () => {
  it("is what JSON makes of it, and what fails is not answered", () => {
    const server = memoryServer();
    server.io.on("connection", (socket) => {
      socket.on("error given", (ack) => ack(new Error("no")));
      socket.on("throws", () => {
        throw new Error("no");
      });
    });
    const connection = joined(server, "0");
    connection.receive('20["error given"]', '21["throws"]', '22["unknown"]');
    expect(connection.take()).toEqual(["30[{}]"]);
    connection.receive('7["ack-error",0,{"name":"","message":""}]');
    expect(connection.closed).toBe("flushed");
  });
});

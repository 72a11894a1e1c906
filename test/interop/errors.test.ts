// Interop: no error of a program is lost and none escapes. A server that fails everywhere runs in a process of its own, npm's client drives
// each of its paths, and after each one the error has reached `io.onError` and the process still serves a witness.
import * as stock from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { ask, openWebSocket } from "../support/raw-client.js";
import { type ClientOptions, client } from "../support/scene.js";
import { once, until } from "../support/waiting.js";

interface Line {
  readonly code: string;
  readonly cause: string;
  readonly event: string;
  readonly where?: string;
  readonly request?: boolean;
  readonly conn?: boolean;
}

describe("a program that fails", () => {
  let server: ChildProgram;
  let port: number;
  let witness: stock.Socket;

  beforeAll(async () => {
    server = new ChildProgram("server-of-errors.ts");
    port = await server.port();
    witness = stock.io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false });
    await once(witness, "connect");
  });
  afterAll(() => {
    witness.disconnect();
    server.kill();
  });

  const reported = async (cause: string): Promise<Line> => {
    const line = await server.line((text) => text.startsWith("{") && (JSON.parse(text) as Line).cause === cause, cause);
    return JSON.parse(line) as Line;
  };
  const isServed = async (): Promise<void> => {
    expect(server.exitCode).toBeUndefined();
    expect(await witness.timeout(20_000).emitWithAck("echo", "still here")).toBe("still here");
  };
  const to = (namespace: string, options: ClientOptions = {}): stock.Socket =>
    client(stock, `http://127.0.0.1:${port}${namespace}`, options) as stock.Socket;
  const connected = async (): Promise<stock.Socket> => {
    const socket = to("");
    await once(socket, "connect");
    return socket;
  };

  const events: Record<string, Partial<Line>> = {
    "handler sync": { code: "HANDLER_FAILED" },
    "handler async": { code: "HANDLER_FAILED" },
    "any sync": { code: "HANDLER_FAILED" },
    "any async": { code: "HANDLER_FAILED" },
    "middleware sync": { code: "MIDDLEWARE_FAILED" },
    "middleware async": { code: "MIDDLEWARE_FAILED" },
    "middleware next": { code: "MIDDLEWARE_FAILED" },
    "middleware late": { code: "MIDDLEWARE_FAILED" },
  };
  for (const [event, wanted] of Object.entries(events)) {
    it(`reports ${event}, with the event and its namespace`, async () => {
      const socket = await connected();
      socket.emit(event);
      expect(await reported(event)).toMatchObject({ ...wanted, event, where: "/" });
      await isServed();
      expect(await socket.timeout(20_000).emitWithAck("echo", "own")).toBe("own");
    });
  }

  it("reports what is thrown that is no error", async () => {
    (await connected()).emit("handler of another kind");
    expect(await reported("null")).toMatchObject({ event: "handler of another kind" });
    await isServed();
  });

  it("reports a listener of what goes out, and the broadcast reaches the others", async () => {
    const socket = await connected();
    const heard = once(witness, "outgoing");
    socket.emit("outgoing please");
    await reported("any outgoing");
    await heard;
    await isServed();
  });

  for (const how of ["ack sync", "ack async", "ack timeout", "ack timed answer", "ack broadcast"]) {
    it(`reports what the callback of an acknowledgement throws: ${how}`, async () => {
      const socket = await connected();
      for (const each of [socket, witness]) each.on("question", (answer: () => void) => answer());
      socket.emit("ask me", how);
      expect(await reported(how)).toMatchObject({ code: "HANDLER_FAILED", where: "/" });
      await isServed();
    });
  }

  for (const [event, code] of [
    ["ack cyclic", "PACKET_CYCLIC"],
    ["emit cyclic", "PACKET_CYCLIC"],
    ["emit bigint", "PACKET_INVALID_JSON"],
  ] as const) {
    it(`reports a value that cannot be written, as the handler's own error: ${event}`, async () => {
      const socket = await connected();
      socket.emit(event, () => {});
      const isIt = (text: string): boolean => text.startsWith("{") && (JSON.parse(text) as Line).event === event;
      expect(JSON.parse(await server.line(isIt, `${event} (${code})`))).toMatchObject({ code: "HANDLER_FAILED" });
      await isServed();
    });
  }

  it("reports the listeners of a disconnect, and the socket is gone all the same", async () => {
    const socket = await connected();
    const gone = once<[string]>(socket, "disconnect");
    socket.emit("disconnect me");
    expect(await reported("disconnecting")).toMatchObject({ event: "disconnecting" });
    expect(await reported("disconnect")).toMatchObject({ event: "disconnect" });
    expect((await gone)[0]).toBe("io server disconnect");
    await isServed();
  });

  for (const [namespace, cause, message] of [
    ["/middleware sync", "namespace middleware sync", "namespace middleware sync"],
    ["/middleware async", "namespace middleware async", "namespace middleware async"],
    ["/matcher sync", "matcher sync", "Invalid namespace"],
    ["/matcher async", "matcher async", "Invalid namespace"],
    ["/unmade", "adapter constructor", "Invalid namespace"],
    ["/data cyclic", "expected a value that can be written as JSON, got one that contains itself", "refused"],
  ] as const) {
    it(`reports it and refuses the client: ${namespace}`, async () => {
      const socket = to(namespace);
      const [error] = await once<[Error]>(socket, "connect_error");
      expect(error.message).toBe(message);
      await reported(cause);
      await isServed();
    });
  }

  for (const [namespace, cause] of [
    ["/middleware late", "namespace middleware late"],
    ["/connection sync", "connection sync"],
    ["/connection async", "connection async"],
    ["/watched", "new_namespace"],
  ] as const) {
    it(`reports it and the client is connected: ${namespace}`, async () => {
      await once(to(namespace), "connect");
      await reported(cause);
      await isServed();
    });
  }

  for (const [event, cause] of [
    ["broadcast", "adapter broadcast"],
    ["socketsJoin", "adapter addSockets"],
    ["join", "adapter addAll"],
  ] as const) {
    it(`reports the rejected promise of an adapter: ${cause}`, async () => {
      const socket = to("/adapter");
      await once(socket, "connect");
      socket.emit(event);
      expect(await reported(cause)).toMatchObject({ event: "adapter", where: "/adapter" });
      await isServed();
    });
  }

  it("reports what an adapter throws while a client leaves", async () => {
    const socket = to("/adapter");
    await once(socket, "connect");
    socket.disconnect();
    expect(await reported("adapter delAll")).toMatchObject({ event: "adapter", where: "/adapter" });
    await isServed();
  });

  it("reports a listener of rooms, and the socket is in the room", async () => {
    const socket = await connected();
    const joined = once<[boolean]>(socket, "joined");
    socket.emit("room listener");
    await reported("room listener");
    expect((await joined)[0]).toBe(true);
    await isServed();
  });

  const handshakes: Record<string, { status: number; code?: string; event?: string }> = {
    "allowRequest sync": { status: 403, code: "MIDDLEWARE_FAILED", event: "allowRequest" },
    "allowRequest async": { status: 403, code: "MIDDLEWARE_FAILED", event: "allowRequest" },
    "engine middleware sync": { status: 400, code: "MIDDLEWARE_FAILED", event: "engine middleware" },
    "engine middleware async": { status: 400, code: "MIDDLEWARE_FAILED", event: "engine middleware" },
    "engine middleware late": { status: 200, code: "MIDDLEWARE_FAILED", event: "engine middleware" },
    "generateId sync": { status: 400, code: "MIDDLEWARE_FAILED", event: "generateId" },
    "generateId async": { status: 400, code: "MIDDLEWARE_FAILED", event: "generateId" },
    "engine headers": { status: 200, code: "HANDLER_FAILED", event: "headers" },
    "engine initial_headers": { status: 200, code: "HANDLER_FAILED", event: "initial_headers" },
    "engine connection sync": { status: 200, code: "HANDLER_FAILED", event: "connection" },
    "conn error": { status: 200, code: "HANDLER_FAILED", event: "error" },
  };
  for (const [path, { status, ...wanted }] of Object.entries(handshakes)) {
    it(`reports what fails at a handshake, and answers ${status}: ${path}`, async () => {
      const query = `EIO=4&transport=polling&fail=${encodeURIComponent(path)}`;
      expect((await ask(port, `/socket.io/?${query}`)).status).toBe(status);
      expect(await reported(path)).toMatchObject(wanted);
      await isServed();
    });
  }

  it("reports a listener of connection_error, and the client is refused", async () => {
    const path = "engine connection_error";
    expect((await ask(port, `/socket.io/?EIO=4&transport=nothing&fail=${encodeURIComponent(path)}`)).status).toBe(400);
    await reported(path);
    await isServed();
  });

  it("reports a rejected promise of cors.origin, and refuses", async () => {
    const answer = await ask(port, "/socket.io/?EIO=4&transport=polling", {
      headers: { origin: "http://fails.example" },
    });
    expect(answer.status).toBe(400);
    expect(await reported("cors origin")).toMatchObject({ code: "MIDDLEWARE_FAILED", event: "cors" });
    await isServed();
  });

  for (const how of ["sync", "async"]) {
    it(`reports what locate fails on (${how}): the session is unknown`, async () => {
      expect((await ask(port, `/socket.io/?EIO=4&transport=polling&sid=locate-${how}`)).text).toContain("Session ID");
      await reported(`locate ${how}`);
      await isServed();
    });
  }

  for (const path of ["conn packet", "conn packet async"]) {
    it(`reports a listener of socket.conn, and the packet is read: ${path}`, async () => {
      const socket = to("", { transports: ["websocket"], query: { fail: path } });
      await once(socket, "connect");
      expect(await reported(path)).toMatchObject({ code: "HANDLER_FAILED", event: "packet", conn: true });
      await isServed();
    });
  }

  it("reports a listener of the close of socket.conn", async () => {
    const socket = to("", { query: { fail: "conn close" } });
    await once(socket, "connect");
    socket.disconnect();
    await reported("conn close");
    await isServed();
  });

  it("goes on when the hook itself throws, and writes both to the console", async () => {
    (await connected()).emit("the hook");
    await reported("the hook too");
    await isServed();
    // Another pipe than that of the report: which of the two is read first is open.
    const complaint = (): boolean => server.complaints.entries.some((line) => line.includes("thrown by the hook"));
    await until(complaint, "the console has what the hook threw");
  });

  it("reports what the callback of close and the adapters throw, and the process ends by itself", async () => {
    (await connected()).emit("close");
    await reported("adapter close");
    expect(await reported("close callback")).toMatchObject({ event: "close" });
    expect(await server.exited).toBe(0);
  });
});

describe("a parser that fails", () => {
  let server: ChildProgram;
  let port: number;

  beforeAll(async () => {
    server = new ChildProgram("server-of-parser-errors.ts");
    port = await server.port();
  });
  afterAll(() => server.kill());

  const joined = async () => {
    const { raw } = await openWebSocket(port);
    raw.send('4{"type":0,"nsp":"/"}');
    await raw.text();
    return raw;
  };
  const isServed = async (): Promise<void> => {
    const raw = await joined();
    raw.send('4{"type":2,"nsp":"/","data":["echo","hello"]}');
    expect(await raw.text()).toBe('4{"type":2,"nsp":"/","data":["echo","hello"]}');
    raw.close();
  };

  for (const [message, reason] of [
    ["throws", "the parser refused a message"],
    ["garbage", "not an event"],
  ] as const) {
    it(`closes the connection whose message the decoder cannot read: ${reason}`, async () => {
      const raw = await joined();
      raw.send(`4${message}`);
      expect(await raw.closed).toEqual({ code: 1002, reason: "PACKET_INVALID_PAYLOAD" });
      await server.line((line) => line.includes('"reason":"forced close"'), "the reason");
      await isServed();
    });
  }

  it("reports what the encoder throws as the handler's error", async () => {
    const raw = await joined();
    raw.send('4{"type":2,"nsp":"/","data":["echo","unwritable"]}');
    expect(JSON.parse(await server.line((line) => line.includes('"cause":"encoder"'), "the error"))).toMatchObject({
      code: "HANDLER_FAILED",
      event: "echo",
    });
    await isServed();
    raw.close();
  });
});

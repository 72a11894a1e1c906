// server/option-checks.ts: what is said of options that cannot be kept to, and of those that there are not.
import { describe, expect, it } from "vitest";
import { checkedOptions, remarksOnUnknown } from "../../../src/server/option-checks.js";
import type { ServerOptions } from "../../../src/server/server-options.js";
import { memoryServer } from "./fake-connection.js";

const WRONG: readonly [name: keyof ServerOptions, value: unknown, message: string][] = [
  ["path", 5, "option path: expected a string, got 5"],
  ["adapter", {}, "got an object with nothing in it"],
  ["adapter", "redis", "createAdapter(…)"],
  ["parser", 1, "option parser: expected { Encoder, Decoder }"],
  ["parser", { Encoder: class {} }, "got an object with Encoder"],
  ["cookie", 5, 'options such as { name: "io", httpOnly: true }, got 5'],
  ["allowRequest", 1, "option allowRequest: expected a function (req, callback), got 1"],
  ["trustProxy", "x", "option trustProxy: expected true, false or the number of proxies in front"],
  ["trustProxy", 1.5, "got 1.5"],
  ["transports", [], "at least one, got []"],
  ["transports", ["websocket", "smoke"], 'got ["websocket", "smoke"]'],
  ["transports", "smoke", 'got ["smoke"]'],
  ["pingInterval", Number.NaN, "milliseconds from 0 to 2147483647, got NaN"],
  ["pingTimeout", 1e12, "got 1000000000000"],
  ["upgradeTimeout", "10s", 'got "10s"'],
  ["connectTimeout", -1, "option connectTimeout: "],
  ["maxHttpBufferSize", "1mb", "option maxHttpBufferSize: expected a number of bytes"],
  ["maxHttpBufferSize", 0, "got 0"],
  ["maxHeaders", 0, "a number from 1 up"],
  ["maxAttachments", -1, "a number from 0 up"],
  ["cors", 1, "cors: { origin: "],
  ["cors", { origins: [] }, "got an object with origins"],
  ["cors", { origin: 5 }, "cors: { origin: "],
  ["serveClient", "no", "expected true or false"],
  ["httpCompression", 5, "{ threshold: bytes }"],
  ["httpCompression", { threshold: "1k" }, "{ threshold: bytes }"],
  ["perMessageDeflate", 5, "{ threshold: 1024 }"],
  ["connectionStateRecovery", 5, "{ maxDisconnectionDuration: 120000 }"],
  ["initialPacket", 5, "a string or bytes"],
  ["wsEngine", "ws", "a class with the API of ws.WebSocketServer"],
];

describe("options of a server", () => {
  it.each(WRONG)("are refused by name where they cannot be kept to: %s %j", (name, value, message) => {
    const options = { [name]: value } as Partial<ServerOptions>;
    const error = expect.objectContaining({
      code: "API_INVALID_OPTION",
      message: expect.stringContaining(message),
      detail: expect.objectContaining({ name }),
    });
    expect(() => checkedOptions(options)).toThrow(error);
    expect(() => memoryServer(options)).toThrow(error);
  });

  it("are read as what programs mean by them", () => {
    const written = {
      cors: ["http://a"],
      cookie: "io",
      transports: "websocket",
      path: "",
      pingInterval: "25000",
      maxHttpBufferSize: "1e8",
    };
    expect(checkedOptions(written)).toEqual({
      cors: { origin: ["http://a"] },
      cookie: true,
      transports: ["websocket"],
      pingInterval: 25_000,
      maxHttpBufferSize: 100_000_000,
    });
    expect(checkedOptions({ cors: true, cookie: "" })).toEqual({ cors: { origin: "*" }, cookie: false });
    expect(checkedOptions({ cors: false })).toEqual({});
  });

  it("are taken where they are null or undefined, as if they were left out", () => {
    expect(checkedOptions({ path: undefined, cors: null, pingTimeout: null, pingInterval: 5 })).toEqual({
      pingInterval: 5,
    });
  });

  it("that recovery is switched on with are completed, for adapters that read them", () => {
    const { io } = memoryServer({ connectionStateRecovery: {} });
    expect(io.opts.connectionStateRecovery).toEqual({ maxDisconnectionDuration: 120_000, skipMiddlewares: true });
  });

  it("are remarked on, with the nearest name, where there are none of that name", () => {
    const remark = (name: string, hint: string) =>
      `there is no option "${name}": it has no effect.${hint && ` Did you mean ${hint}?`}`;
    expect(
      remarksOnUnknown({ pingIntervall: 1, PingTimeout: 1, maxHTTPBufferSize: 1, origins: "*", log: 1, path: "/" }),
    ).toEqual([
      remark("pingIntervall", "pingInterval"),
      remark("PingTimeout", "pingTimeout"),
      remark("maxHTTPBufferSize", "maxHttpBufferSize"),
      remark("origins", "cors: { origin: … }"),
      remark("log", ""),
    ]);
  });

  it("that are given after the server was made are taken, or said to come too late", () => {
    const { io, warnings } = memoryServer();
    io._reconfigure({ maxBufferedBytes: 5000, connectTimeout: 7, maxAttachments: 1 });
    expect([io._maxBufferedBytes, io.connectTimeout()]).toEqual([5000, 7]);
    expect(warnings).toEqual(["the option maxAttachments has no effect any more: give it to new Server(…)."]);
    expect(() => io.connectTimeout(-1)).toThrow(expect.objectContaining({ code: "API_INVALID_OPTION" }));
    expect(io.connectTimeout()).toBe(7);
  });

  it("that are unknown are said to whoever runs the server, and stay without effect", () => {
    const { io, warnings } = memoryServer({ pingIntervall: 1 } as Partial<ServerOptions>);
    expect(io.path()).toBe("/socket.io");
    expect(warnings).toEqual([expect.stringContaining("Did you mean pingInterval?")]);
  });
});

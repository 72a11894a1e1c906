import "../../../src/server/legacy-2012.js";
import { describe, expect, it, vi } from "vitest";
import { memoryServer } from "./fake-connection.js";

describe("the names of 2012", () => {
  it("keep values with a socket", () => {
    const { io, join } = memoryServer();
    const seen: unknown[] = [];
    io.sockets.on("connection", (socket) => {
      socket.set("nickname", "ana", () => seen.push("set"));
      socket.get("nickname", (error, value) => seen.push([error, value]));
      socket.has("nickname", (_error, has) => seen.push(has));
      socket.del("nickname", () => seen.push("del"));
      socket.get("nickname", (_error, value) => seen.push(value));
      socket.has("toString", (_error, has) => seen.push(has));
      socket.join("room", () => seen.push([...socket.rooms].includes("room")));
      socket.leave("room", () => seen.push([...socket.rooms].includes("room")));
    });
    join();
    expect(seen).toEqual(["set", [null, "ana"], true, "del", null, false, true, false]);
  });

  it("list the sockets of a room and of a namespace", () => {
    const { io, join } = memoryServer();
    join();
    join();
    const [first] = io.sockets.sockets.values();
    void first?.join("room");
    expect(io.sockets.clients()).toHaveLength(2);
    expect(io.sockets.clients("room")).toEqual([first]);
    expect(Object.keys(io.sockets.connected)).toEqual(["id-0", "id-1"]);
  });

  it("send messages as JSON", () => {
    const { io, join } = memoryServer();
    const peers = [join(), join()];
    const [first] = io.sockets.sockets.values();
    first?.json.send({ a: 1 });
    first?.broadcast.json.send("b");
    io.sockets.json.emit("e");
    expect(peers.map((peer) => peer.take())).toEqual([
      ['2["message",{"a":1}]', '2["e"]'],
      ['2["message","b"]', '2["e"]'],
    ]);
  });

  it("set the options that there still are, and warn once of unknown ones", () => {
    const warnings = vi.spyOn(console, "warn").mockImplementation(() => {});
    const { io } = memoryServer();
    io.set("transports", ["websocket", "xhr-polling", "flashsocket"]);
    io.set("heartbeat interval", 10).set("resource", "/live").disable("browser client").set("log level", 1);
    io.set("origins", "*:*");
    io.set("no such thing", 1).set("no such thing", 2);
    expect(io.opts).toEqual({
      transports: ["polling", "websocket"],
      pingInterval: 10_000,
      path: "/live",
      serveClient: false,
      cors: { origin: "*", credentials: true },
    });
    expect(io.get("log level")).toBe(1);
    expect(io.get("browser client")).toBe(false);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it("match origins by host and port", () => {
    const { io } = memoryServer();
    io.set("origins", "example.com:* *.example.org:8080 plain.net:80");
    const patterns = (io.opts.cors as { origin: RegExp[] }).origin;
    const allowed = (origin: string): boolean => patterns.some((pattern) => pattern.test(origin));
    expect(
      ["http://example.com", "https://example.com:81", "http://a.example.org:8080", "http://plain.net"].map(allowed),
    ).toEqual([true, true, true, true]);
    expect(
      ["http://example.com.evil.net", "http://xexample.com", "http://a.example.org", "http://plain.net:81"].map(
        allowed,
      ),
    ).toEqual([false, false, false, false]);
  });

  it("run configurations of this environment and of all", () => {
    const { io } = memoryServer();
    const ran: string[] = [];
    vi.stubEnv("NODE_ENV", "production");
    io.configure(() => ran.push("all"));
    io.configure("production", () => ran.push("production"));
    io.configure("development", () => ran.push("development"));
    vi.unstubAllEnvs();
    expect(ran).toEqual(["all", "production"]);
  });

  it("authorize handshakes", () => {
    const { io, connect } = memoryServer();
    io.set("authorization", (handshake: { query: { token?: string } }, accept: (error: null, yes: boolean) => void) =>
      accept(null, handshake.query.token === "yes"),
    );
    io.of("/admin").authorization((_handshake, accept) => accept("closed"));
    const stranger = connect("/socket.io/?EIO=4");
    stranger.receive("0", "0/admin,");
    expect(stranger.take()).toEqual(['4{"message":"unauthorized"}', '4/admin,{"message":"closed"}']);
    const friend = connect("/socket.io/?EIO=4&token=yes");
    friend.receive("0");
    expect(friend.take()[0]).toMatch(/^0\{/);
  });
});

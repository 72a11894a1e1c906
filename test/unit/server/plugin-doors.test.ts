import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import { PacketType } from "../../../src/packet/socket-packet.js";
import { Client } from "../../../src/server/client.js";
import { type ForeignSocket, foreignOrigin } from "../../../src/server/foreign-connection.js";
import { memoryServer } from "./fake-connection.js";

describe("the doors of npm's adapters", () => {
  it("let them encode once and send to each client", () => {
    const { io, join } = memoryServer();
    const peers = [join(), join()];
    const encoded = io.encoder.encode({ type: PacketType.EVENT, nsp: "/", data: ["e", Buffer.from([1])] });
    for (const { client } of io.sockets.sockets.values()) client.writeToEngine(encoded, { compress: false });
    expect(peers.map((peer) => peer.sent[0]?.compress)).toEqual([false, false]);
    expect(peers[0]?.sent[0]).toBe(peers[1]?.sent[0]);
    expect(peers[0]?.take()).toEqual(['51-["e",{"_placeholder":true,"num":0}]', "01"]);
  });

  it("drop volatile packets where they would have to wait", () => {
    const { io, join } = memoryServer();
    const peer = join();
    peer.writable = false;
    for (const { client } of io.sockets.sockets.values()) client.writeToEngine(["2"], { volatile: true });
    expect(peer.take()).toEqual([]);
  });

  it("let the adapters of before Socket.IO 4.4 send through each socket, and plugins a packet of their own", () => {
    const { io, join } = memoryServer();
    const room = io.of("/room");
    const peer = join("/room");
    const [socket] = room.sockets.values();
    const encoded = io.encoder.encode({ type: PacketType.EVENT, nsp: "/room", data: ["e", 1] });
    socket?.packet(encoded, { preEncoded: true, compress: false });
    socket?.packet({ type: PacketType.EVENT, data: ["own", Buffer.from([1])] });
    expect(peer.sent[0]?.compress).toBe(false);
    expect(peer.take()).toEqual(['2/room,["e",1]', '51-/room,["own",{"_placeholder":true,"num":0}]', "01"]);
    peer.writable = false;
    socket?.packet(encoded, { preEncoded: true, volatile: true });
    socket?.packet({ type: PacketType.EVENT, data: ["own"] }, { volatile: true });
    expect(peer.take()).toEqual([]);
  });

  it("are where plugins look for them", () => {
    const { io, join } = memoryServer();
    join();
    const [socket] = io.sockets.sockets.values();
    expect(io._nsps.get("/")).toBe(io.sockets);
    expect(io.sockets._ids).toBe(0);
    expect(io.sockets.server).toBe(io);
    expect(io.sockets.server.opts).toEqual({});
    expect(socket?.server).toBe(io);
    socket?.acks.set(5, () => {});
    expect(socket?.acks.size).toBe(1);
    const seen: unknown[] = [];
    socket?.onAnyOutgoing((...event) => seen.push(event));
    socket?.notifyOutgoingListeners({ type: PacketType.EVENT, nsp: "/", data: ["e", 1] });
    expect(seen).toEqual([["e", 1]]);
    const order: string[] = [];
    io.sockets.on("connection", () => order.push("second"));
    io.sockets.prependListener("connection", () => order.push("first"));
    join();
    expect(order).toEqual(["first", "second"]);
  });
});

describe("onevent, where a plugin has taken its place,", () => {
  it("may throw: io.onError is told, and the next packet is read", () => {
    const { io, join, errors } = memoryServer();
    const peer = join();
    const [socket] = io.sockets.sockets.values();
    const cause = new Error("boom");
    const seen: unknown[] = [];
    (socket as { onevent: unknown }).onevent = ({ data }: { data: unknown[] }) => {
      seen.push(data[0]);
      if (data[0] === "throws") throw cause;
    };
    peer.receive('2["throws"]', '2["next"]');
    expect(errors).toEqual([{ code: "HANDLER_FAILED", event: "throws", cause }]);
    expect(seen).toEqual(["throws", "next"]);
  });
});

class FakeForeignSocket extends EventEmitter {
  readonly id = "foreign";
  readonly protocol = 4;
  readonly request = {
    url: "/socket.io/?EIO=4&x=1",
    headers: { origin: "http://a.example" },
    socket: { encrypted: true },
  };
  readonly remoteAddress = "10.0.0.2";
  readyState = "open";
  readonly transport = { writable: true, name: "websocket" };
  readonly sent: unknown[] = [];
  send(data: unknown, options: unknown): void {
    this.sent.push(data, options);
  }
  close(): void {
    this.readyState = "closing";
  }
}

describe("a socket of a foreign engine", () => {
  it("is a connection like ours", () => {
    const { io } = memoryServer();
    const foreign = new FakeForeignSocket();
    const engine = new EventEmitter();
    io.bind(engine);
    engine.emit("connection", foreign);
    foreign.emit("data", "0");
    const [socket] = io.sockets.sockets.values();
    expect(socket?.handshake).toMatchObject({ secure: true, xdomain: true, address: "10.0.0.2", query: { x: "1" } });
    expect(foreign.sent).toEqual(['0{"sid":"id-0"}', { compress: true }]);
    socket?.compress(false).emit("e", Buffer.from([7]));
    expect(foreign.sent.slice(2)).toEqual([
      '51-["e",{"_placeholder":true,"num":0}]',
      { compress: false },
      Buffer.from([7]),
      { compress: false },
    ]);
    const reasons: unknown[] = [];
    socket?.on("disconnect", (reason) => reasons.push(reason));
    foreign.emit("close", "ping timeout");
    expect(reasons).toEqual(["ping timeout"]);
  });

  it("sends nothing once it is closed", () => {
    const { io } = memoryServer();
    const foreign = new FakeForeignSocket();
    const client = new Client(io, foreignOrigin(foreign as unknown as ForeignSocket));
    foreign.emit("data", "0");
    foreign.sent.length = 0;
    client._disconnect();
    expect(foreign.readyState).toBe("closing");
    client.writeToEngine(['2["e"]']);
    expect(foreign.sent).toEqual(["1", { compress: true }]);
  });
});

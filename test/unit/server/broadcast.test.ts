import { describe, expect, it } from "vitest";
import { BroadcastOperator, RemoteSocket } from "../../../src/server/broadcast-operator.js";
import { InMemoryAdapter } from "../../../src/server/in-memory-adapter.js";
import { Socket } from "../../../src/server/socket.js";
import { type FakeConnection, type MemoryServer, memoryServer } from "./fake-connection.js";

function three(server: MemoryServer = memoryServer()): MemoryServer & { peers: FakeConnection[]; sockets: Socket[] } {
  const peers = [server.join(), server.join(), server.join()];
  return { ...server, peers, sockets: [...server.io.sockets.sockets.values()] };
}

const received = (peers: FakeConnection[]): number[] => peers.map((peer) => peer.take().length);
const code = (error: unknown): unknown => (error as { code?: string } | null)?.code ?? null;

describe("broadcasts", () => {
  it("share one packet among their receivers", () => {
    const { io, peers } = three();
    io.emit("e", 1);
    const packets = peers.map((peer) => peer.sent[0]);
    expect(new Set(packets).size).toBe(1);
    expect(packets[0]).toMatchObject({ head: '42["e",1]', shared: true });
  });

  it("reach rooms, their union, and all but some", () => {
    const { io, peers, sockets } = three();
    const [a, b] = sockets as [Socket, Socket];
    void a.join(["r", "s"]);
    void b.join("s");
    io.to("r").emit("e");
    expect(received(peers)).toEqual([1, 0, 0]);
    io.to("r").in("s").emit("e");
    expect(received(peers)).toEqual([1, 1, 0]);
    io.to(["r", "s"]).except("r").emit("e");
    expect(received(peers)).toEqual([0, 1, 0]);
    io.except(["s", "none"]).emit("e");
    expect(received(peers)).toEqual([0, 0, 1]);
    a.broadcast.emit("e");
    expect(received(peers)).toEqual([0, 1, 1]);
    a.to("s").emit("e");
    expect(received(peers)).toEqual([0, 1, 0]);
    a.except("s").emit("e");
    expect(received(peers)).toEqual([0, 0, 1]);
    io.to(b.id).emit("e");
    expect(received(peers)).toEqual([0, 1, 0]);
  });

  it("that are kept and narrowed do not change what they were made from", () => {
    const { io, peers, sockets } = three();
    void sockets[0]?.join("r");
    const room = io.to("r");
    room.to("s").except("r").volatile.timeout(1);
    room.emit("e");
    expect(received(peers)).toEqual([1, 0, 0]);
  });

  it("volatile skip whoever would have to wait", () => {
    const { io, peers } = three();
    (peers[1] as FakeConnection).writable = false;
    io.volatile.emit("e");
    expect(received(peers)).toEqual([1, 0, 1]);
  });

  it("refuse reserved names", () => {
    const { io } = three();
    expect(() => io.emit("connect")).toThrow('"connect" is a reserved event name');
  });

  it("by send and write are messages", () => {
    const { io, peers } = three();
    expect(io.send("a")).toBe(io);
    io.of("/").write("b");
    expect(peers[0]?.take()).toEqual(['2["message","a"]', '2["message","b"]']);
  });
});

describe("acknowledged broadcasts", () => {
  it("give one response a client", async () => {
    const { io, peers } = three();
    const answer = io.timeout(1000).emitWithAck("ask");
    for (const [index, peer] of peers.entries()) peer.receive(`30["${index}"]`);
    expect(await answer).toEqual(["0", "1", "2"]);
  });

  it("fail after their time with the responses that came, and let go of the others", async () => {
    const { io, clock, peers, sockets } = three();
    const answers: unknown[] = [];
    io.timeout(100).emit("ask", (error: unknown, responses: unknown) => answers.push([code(error), responses]));
    const promise = io.timeout(100).emitWithAck("ask");
    peers[0]?.receive('30["a"]');
    await Promise.resolve();
    clock.advance(100);
    expect(answers).toEqual([["ACK_TIMEOUT", ["a"]]]);
    await expect(promise).rejects.toMatchObject({ code: "ACK_TIMEOUT", responses: [] });
    expect(sockets.map(({ acks }) => acks.size)).toEqual([0, 0, 0]);
  });

  it("count down when a client leaves", async () => {
    const { io, peers } = three();
    const answer = io.timeout(1000).emitWithAck("ask");
    peers[0]?.receive('30["a"]');
    peers[1]?.end();
    peers[2]?.receive('30["c"]');
    expect(await answer).toEqual(["a", "c"]);
  });

  it("of this process only wait for no other", async () => {
    class Cluster extends InMemoryAdapter {
      override serverCount(): Promise<number> {
        return Promise.resolve(3);
      }
    }
    const { io, clock, peers } = three(memoryServer({ adapter: Cluster }));
    const own = io.local.timeout(1000).emitWithAck("ask");
    for (const peer of peers) peer.receive('30["own"]');
    expect(await own).toEqual(["own", "own", "own"]);
    const all = io.timeout(1000).emitWithAck("ask");
    for (const peer of peers) peer.receive('31["all"]');
    await Promise.resolve();
    clock.advance(1000);
    await expect(all).rejects.toMatchObject({ code: "ACK_TIMEOUT", responses: ["all", "all", "all"] });
  });

  it("to nobody are answered by nobody", async () => {
    const { io, clock } = memoryServer();
    expect(await io.to("empty").timeout(1000).emitWithAck("ask")).toEqual([]);
    expect(clock.timerCount).toBe(0);
  });

  it("without a timeout have ten seconds", async () => {
    const { io, clock, peers } = three();
    const answers: unknown[] = [];
    io.emit("ask", (error: unknown, responses: unknown[]) => answers.push([code(error), responses.length]));
    await Promise.resolve();
    for (const peer of peers) peer.receive("30[1]");
    expect(answers).toEqual([[null, 3]]);
    const promise = io.emitWithAck("ask");
    clock.advance(10_000);
    await expect(promise).rejects.toMatchObject({ code: "ACK_TIMEOUT" });
  });

  it("report what their callback throws", async () => {
    const { io, errors } = memoryServer();
    io.emit("ask", () => {
      throw new Error("callback");
    });
    await Promise.resolve();
    await Promise.resolve();
    expect(errors).toMatchObject([{ code: "HANDLER_FAILED", event: "ask", cause: { message: "callback" } }]);
  });
});

describe("the utilities of many processes", () => {
  it("fetch, move and disconnect the sockets of this one", async () => {
    const { io, peers, sockets } = three();
    io.in(sockets[0]?.id as string).socketsJoin(["r", "s"]);
    io.socketsJoin("all");
    const found = await io.in("r").fetchSockets();
    expect(found[0]).toBe(sockets[0]);
    expect(found).toHaveLength(1);
    expect((await io.allSockets()).size).toBe(3);
    io.socketsLeave("r");
    expect(io.sockets.adapter.rooms.has("r")).toBe(false);
    io.except("s").disconnectSockets(true);
    expect(peers.map(({ closed }) => closed)).toEqual(["no", "flushed", "flushed"]);
  });

  it("answer for the other processes, of which there are none", async () => {
    const { io } = memoryServer();
    expect(io.serverSideEmit("e", 1)).toBe(true);
    expect(await io.serverSideEmitWithAck("e")).toEqual([]);
    for (const name of ["connection", "connect", "new_namespace"]) {
      expect(() => io.serverSideEmit(name)).toThrow(`"${name}" is a reserved event name`);
    }
  });

  it("show a socket of another process as somebody to send to", async () => {
    const { io, peers, sockets } = three();
    const [local] = sockets as [Socket];
    const details = { id: local.id, handshake: local.handshake, rooms: ["r"], data: { name: "x" } };
    const adapter = io.sockets.adapter;
    adapter.fetchSockets = () => Promise.resolve([details]);
    const [remote] = await io.fetchSockets();
    expect(remote).toBeInstanceOf(RemoteSocket);
    expect(remote).not.toBeInstanceOf(Socket);
    expect(remote?.data).toEqual({ name: "x" });
    expect(remote?.rooms).toEqual(new Set(["r"]));
    remote?.emit("e");
    expect(received(peers)).toEqual([1, 0, 0]);
    const answer = remote?.timeout(100).emitWithAck("ask");
    peers[0]?.receive('30["one"]');
    expect(await answer).toBe("one");
    remote?.join("joined");
    expect(local.rooms.has("joined")).toBe(true);
    remote?.leave("joined");
    remote?.disconnect(true);
    expect(local.connected).toBe(false);
  });
});

describe("BroadcastOperator", () => {
  it("can be made by adapters of npm from an adapter alone", () => {
    const { io, peers } = three();
    new BroadcastOperator(io.sockets.adapter).emit("e");
    expect(received(peers)).toEqual([1, 1, 1]);
  });
});

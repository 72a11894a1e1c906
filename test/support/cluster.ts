// Test support: what several nodes that share an adapter do together, as one suite for every adapter and every mix of servers.
import type { Server } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { type ClientLibrary, connected, type ServerLibrary, type Stage, stage } from "./scene.js";
import { collect, once } from "./waiting.js";

/** An adapter for one node, and the end of its connections. */
export interface NodeAdapter {
  readonly adapter: unknown;
  close(): Promise<unknown>;
}

export interface ClusterUnderTest {
  readonly name: string;
  /** One a node. */
  readonly servers: readonly [ServerLibrary, ServerLibrary];
  /** The client of each node. */
  readonly clients: readonly [ClientLibrary, ClientLibrary];
  nodeAdapter(): Promise<NodeAdapter>;
}

interface Cluster {
  readonly nodes: [Stage, Stage];
  readonly peers: [ClientSocket, ClientSocket];
}

/** Waits until every node knows of both. */
async function united(servers: readonly Server[]): Promise<void> {
  const giveUp = performance.now() + 20_000;
  for (;;) {
    const counts = await Promise.all(servers.map(async (io) => io.of("/").adapter.serverCount()));
    if (counts.every((count) => count === servers.length)) return;
    if (performance.now() > giveUp) throw new Error(`the nodes count ${counts.join(" and ")} nodes`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function node(cluster: ClusterUnderTest, library: ServerLibrary): Promise<Stage> {
  const { adapter, close } = await cluster.nodeAdapter();
  onTestFinished(async () => {
    await close();
  });
  return stage(library, { adapter: adapter as never });
}

async function start(cluster: ClusterUnderTest): Promise<Cluster> {
  const nodes: [Stage, Stage] = [await node(cluster, cluster.servers[0]), await node(cluster, cluster.servers[1])];
  await united(nodes.map(({ io }) => io));
  const options = { transports: ["websocket"] };
  const peers: [ClientSocket, ClientSocket] = [
    await connected(cluster.clients[0], nodes[0].url, options),
    await connected(cluster.clients[1], nodes[1].url, options),
  ];
  return { nodes, peers };
}

const hex = (value: unknown): string => Buffer.from(value as Uint8Array).toString("hex");

/** One suite; each test has nodes of its own. */
export function describeCluster(cluster: ClusterUnderTest): void {
  describe(cluster.name, () => {
    it("broadcasts to the clients of both nodes, with bytes, and each client once", async () => {
      const { nodes, peers } = await start(cluster);
      for (const { io } of nodes) {
        const heard = peers.map((peer) => collect(peer, "news", 2));
        io.emit("news", { text: "ñ" }, Buffer.from([1, 255]));
        io.emit("news", "second");
        for (const events of await Promise.all(heard)) {
          // In any order: an adapter with a pool of connections promises none.
          const [whole, second] = events.sort((a, b) => b.length - a.length);
          expect([whole?.[0], hex(whole?.[1]), second]).toEqual([{ text: "ñ" }, "01ff", ["second"]]);
        }
      }
    });

    it("reaches rooms and leaves out whom except names, on both nodes", async () => {
      const { nodes, peers } = await start(cluster);
      nodes[0].io.in(peers[0].id as string).socketsJoin(["both", "first"]);
      nodes[0].io.in(peers[1].id as string).socketsJoin("both");
      const marks = peers.map((peer) => collect<[string]>(peer, "mark", peer === peers[0] ? 2 : 3));
      await roomsReach(nodes[1].io, "both", 2);
      nodes[1].io.to("first").emit("mark", "first");
      nodes[1].io.to("both").except("first").emit("mark", "not first");
      nodes[1].io.to(["both", "first"]).emit("mark", "union");
      nodes[1].io.to(peers[1].id as string).emit("mark", "own");
      const [first, second] = await Promise.all(marks);
      expect(first?.map(([mark]) => mark).sort()).toEqual(["first", "union"]);
      expect(second?.map(([mark]) => mark).sort()).toEqual(["not first", "own", "union"]);
    });

    it("shows the sockets of both nodes, with their rooms, data and handshakes", async () => {
      const { nodes, peers } = await start(cluster);
      const local = nodes[0].io.sockets.sockets.get(peers[0].id as string);
      if (local !== undefined) local.data.name = "Ana";
      void local?.join("room");
      const sockets = await nodes[1].io.fetchSockets();
      expect(sockets.map(({ id }) => id).sort()).toEqual(peers.map(({ id }) => id).sort());
      const remote = sockets.find(({ id }) => id === peers[0].id);
      expect(remote?.data).toEqual({ name: "Ana" });
      expect([...(remote?.rooms ?? [])].sort()).toEqual([peers[0].id, "room"].sort());
      expect(remote?.handshake.url).toContain("transport=websocket");
      expect((await nodes[1].io.in("room").fetchSockets()).map(({ id }) => id)).toEqual([peers[0].id]);
      const got = once(peers[0], "direct");
      remote?.emit("direct", 7);
      expect((await got)[0]).toBe(7);
    });

    it("makes sockets of the other node leave a room, and disconnects them", async () => {
      const { nodes, peers } = await start(cluster);
      nodes[0].io.socketsJoin("room");
      await roomsReach(nodes[0].io, "room", 2);
      nodes[0].io.in(peers[1].id as string).socketsLeave("room");
      await roomsReach(nodes[0].io, "room", 1);
      const gone = once(peers[1], "disconnect");
      nodes[0].io.in(peers[1].id as string).disconnectSockets();
      expect((await gone)[0]).toBe("io server disconnect");
      expect(peers[0].connected).toBe(true);
    });

    it("gathers the acknowledgements of clients on both nodes", async () => {
      const { nodes, peers } = await start(cluster);
      peers.forEach((peer, index) => {
        peer.on("ask", (n: number, answer: (value: unknown) => void) => answer([n, index]));
      });
      for (const { io } of nodes) {
        const answers = (await io.timeout(20_000).emitWithAck("ask", 5)) as unknown[];
        expect(answers.sort()).toEqual([
          [5, 0],
          [5, 1],
        ]);
      }
    });

    it("carries events between the servers, with acknowledgements", async () => {
      const { nodes } = await start(cluster);
      const [one, two] = nodes;
      for (const [from, to] of [
        [one, two],
        [two, one],
      ] as const) {
        const heard = once(to.io, "hello");
        from.io.serverSideEmit("hello", "from afar", { n: 1 });
        expect(await heard).toEqual(["from afar", { n: 1 }]);
        to.io.on("count", (n: number, answer: (value: number) => void) => answer(n + 1));
        expect(await from.io.serverSideEmitWithAck("count", 1)).toEqual([2]);
        to.io.removeAllListeners("count");
      }
    });
  });
}

async function roomsReach(io: Server, room: string, count: number): Promise<void> {
  const giveUp = performance.now() + 20_000;
  while ((await io.in(room).fetchSockets()).length !== count) {
    if (performance.now() > giveUp) throw new Error(`the room ${room} has not got ${count} members`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

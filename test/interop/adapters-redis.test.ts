// Interop: npm's Redis adapters on our servers, and on one of ours beside one of npm's, over a real Redis.
import { createAdapter, createShardedAdapter } from "@socket.io/redis-adapter";
import { Emitter } from "@socket.io/redis-emitter";
import { createAdapter as createStreamsAdapter } from "@socket.io/redis-streams-adapter";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type ClusterUnderTest, describeCluster, type NodeAdapter } from "../support/cluster.js";
import { connected, stage } from "../support/scene.js";
import { type Service, startRedis } from "../support/services.js";
import { once, until } from "../support/waiting.js";
import { OURS, REFERENCE } from "./pairs.js";

let redis: Service;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

const open = async () => createClient({ url: `redis://127.0.0.1:${redis.port}` }).connect();
const openIo = () => new Redis(redis.port, "127.0.0.1");

async function pubSub(): Promise<NodeAdapter> {
  const [pub, sub] = [await open(), await open()];
  return { adapter: createAdapter(pub, sub), close: async () => Promise.all([pub.close(), sub.close()]) };
}

async function pubSubIo(): Promise<NodeAdapter> {
  const [pub, sub] = [openIo(), openIo()];
  return { adapter: createAdapter(pub, sub), close: async () => Promise.all([pub.quit(), sub.quit()]) };
}

async function sharded(): Promise<NodeAdapter> {
  const [pub, sub] = [await open(), await open()];
  return { adapter: createShardedAdapter(pub, sub), close: async () => Promise.all([pub.close(), sub.close()]) };
}

async function streams(): Promise<NodeAdapter> {
  const client = await open();
  const adapter = createStreamsAdapter(client, { streamName: `socket.io-${++streamNames >> 1}` });
  return { adapter, close: async () => client.close() };
}
/** Two nodes share a stream; the next test has one of its own. */
let streamNames = 1;

const ADAPTERS: readonly [name: string, make: () => Promise<NodeAdapter>][] = [
  ["redis-adapter, node-redis", pubSub],
  ["redis-adapter, ioredis", pubSubIo],
  ["redis-adapter, sharded", sharded],
  ["redis-streams-adapter", streams],
];

const clients: ClusterUnderTest["clients"] = [REFERENCE.client, OURS.client];
for (const [name, nodeAdapter] of ADAPTERS) {
  describeCluster({ name: `${name}: two of ours`, servers: [OURS.server, OURS.server], clients, nodeAdapter });
  describeCluster({
    name: `${name}: one of ours, one of npm's`,
    servers: [OURS.server, REFERENCE.server],
    clients,
    nodeAdapter,
  });
}

describe("redis-emitter", () => {
  it("reaches our clients on our server, everywhere, in rooms and in namespaces", async () => {
    const { adapter, close } = await pubSub();
    onTestFinished(async () => void (await close()));
    const { io, url } = await stage(OURS.server, { adapter: adapter as never });
    io.of("/news");
    const peer = await connected(OURS.client, url);
    const reader = await connected(OURS.client, `${url}/news`);
    const client = await open();
    onTestFinished(() => client.close());
    const emitter = new Emitter(client);
    const all = once(peer, "all");
    emitter.emit("all", 1, Buffer.from([7]));
    expect((await all)[0]).toBe(1);
    emitter.in(peer.id as string).socketsJoin("room");
    await until(() => io.sockets.adapter.rooms.has("room"), "the emitter made the socket join");
    const room = once(peer, "room");
    emitter.to("room").emit("room", { n: 2 });
    expect((await room)[0]).toEqual({ n: 2 });
    const news = once(reader, "news");
    emitter.of("/news").emit("news", 3);
    expect((await news)[0]).toBe(3);
    const gone = once(peer, "disconnect");
    emitter.disconnectSockets();
    expect((await gone)[0]).toBe("io server disconnect");
  });
});

describe("redis-streams-adapter with connectionStateRecovery", () => {
  it("recovers a client of npm's on the other node, with what it missed", async () => {
    const make = async () => {
      const { adapter, close } = await streams();
      onTestFinished(async () => void (await close()));
      return stage(OURS.server, { adapter: adapter as never, connectionStateRecovery: {} });
    };
    const [one, two] = [await make(), await make()];
    const peer = await connected(REFERENCE.client, one.url, { transports: ["websocket"] });
    const first = once(peer, "first");
    one.io.emit("first");
    await first;
    const { id } = peer;
    const left = once(one.io.sockets.sockets.get(id as string), "disconnect");
    peer.io.engine.close();
    await left;
    const mark = once(two.io, "mark");
    one.io.emit("missed", 5);
    one.io.serverSideEmit("mark");
    await mark;
    (peer.io as unknown as { uri: string }).uri = two.url;
    const missed = once(peer, "missed");
    const back = once(peer, "connect");
    peer.connect();
    await back;
    expect([peer.recovered, peer.id]).toEqual([true, id]);
    expect((await missed)[0]).toBe(5);
  });
});

// Interop: proxies that refuse upgrades, cut idle connections, fall silent or repeat requests: the program goes on working.
import type { ServerOptions } from "socket.io";
import type { Socket as ClientSocket } from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import { HostileProxy, type Hostility } from "../support/hostile-proxy.js";
import { type ClientOptions, client as open, portOf, type Stage, stage } from "../support/scene.js";
import { collect, inTime, once, silence, until } from "../support/waiting.js";
import { MIXED, OURS, type Pair, WAYS } from "./pairs.js";

async function behind(
  { server, client }: Pair,
  hostility: Hostility,
  options: ClientOptions,
  settings: Partial<ServerOptions> = {},
): Promise<{ scene: Stage; proxy: HostileProxy; peer: ClientSocket }> {
  const scene = await stage(server, settings);
  scene.io.on("connection", (socket) => {
    socket.on("echo", (value: unknown, answer: (value: unknown) => void) => answer(value));
  });
  const proxy = new HostileProxy(portOf(scene.httpServer), hostility);
  onTestFinished(() => proxy.close());
  const peer = open(client, `http://127.0.0.1:${await proxy.listen()}`, {
    reconnection: true,
    reconnectionDelay: 10,
    reconnectionDelayMax: 50,
    ...options,
  });
  return { scene, proxy, peer };
}

async function conversation(scene: Stage, peer: ClientSocket): Promise<void> {
  expect(await peer.emitWithAck("echo", { text: "ñ" })).toEqual({ text: "ñ" });
  expect(Buffer.from((await peer.emitWithAck("echo", Buffer.from([1, 255]))) as Uint8Array).toString("hex")).toBe(
    "01ff",
  );
  const news = once(peer, "news");
  scene.io.emit("news", 1);
  expect(await news).toEqual([1]);
}

for (const pair of [...MIXED, OURS]) {
  describe(`a proxy that refuses upgrades: ${pair.name}`, () => {
    for (const refuseUpgrades of [400, 502, "strip"] as const) {
      it(`leaves polling to a client that would upgrade (${refuseUpgrades})`, async () => {
        const { scene, proxy, peer } = await behind(pair, { refuseUpgrades }, WAYS.upgrade);
        await once(peer, "connect");
        await until(() => proxy.counts.upgradesRefused > 0, "the upgrade was refused");
        await conversation(scene, peer);
        expect(peer.io.engine.transport.name).toBe("polling");
        expect(scene.io.engine.clientsCount).toBe(1);
      });

      it(`lets a client that begins with WebSocket fall back (${refuseUpgrades})`, async () => {
        const { scene, proxy, peer } = await behind(
          pair,
          { refuseUpgrades },
          {
            transports: ["websocket", "polling"],
            tryAllTransports: true,
          },
        );
        await once(peer, "connect");
        await conversation(scene, peer);
        expect(peer.io.engine.transport.name).toBe("polling");
        expect(proxy.counts.upgradesRefused).toBeGreaterThan(0);
      });
    }
  });

  describe(`a proxy that answers with HTML pages: ${pair.name}`, () => {
    const pages = [502, 200, 503, 404, 500, 200];
    for (const truncated of [false, true]) {
      for (const [way, options] of Object.entries(WAYS)) {
        it(`${truncated ? "that end in their middle " : ""}is survived, at the beginning and later, over ${way}`, async () => {
          const heartbeat = { pingInterval: 300, pingTimeout: 500 };
          const { scene, proxy, peer } = await behind(pair, { pages, truncated }, options, heartbeat);
          await once(peer, "connect");
          expect(proxy.counts.pages).toBe(pages.length);
          await conversation(scene, peer);
          const lost = once(peer, "disconnect");
          proxy.become({ pages, truncated });
          proxy.cutAll();
          await lost;
          await once(peer, "connect");
          expect(proxy.counts.pages).toBe(pages.length * 2);
          await conversation(scene, peer);
          await until(() => scene.io.engine.clientsCount === 1, "nothing is left of the sessions before");
        });
      }
    }
  });

  describe(`a proxy that cuts idle connections: ${pair.name}`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`leaves a connection in peace whose pings come sooner, over ${way}`, async () => {
        const { scene, proxy, peer } = await behind(pair, { idleCut: 400 }, options, { pingInterval: 100 });
        await once(peer, "connect");
        let ends = 0;
        peer.on("disconnect", () => ends++);
        for (let round = 0; round < 8; round++) await once(peer.io, "ping");
        await conversation(scene, peer);
        expect(ends).toBe(0);
        expect(proxy.counts.taken).toBeGreaterThan(0);
      });

      it(`is survived by coming back, over ${way}`, async () => {
        // A cut in the middle of an upgrade can leave an end that only its heartbeat tells.
        const heartbeat = { pingInterval: 1000, pingTimeout: 1000 };
        const { scene, proxy, peer } = await behind(pair, { idleCut: 150 }, options, heartbeat);
        await once(peer, "connect");
        await once(peer, "disconnect");
        // The next connection has a network that lets it finish what it says.
        proxy.become({});
        await once(peer, "connect");
        await conversation(scene, peer);
        await until(() => scene.io.engine.clientsCount === 1, "the server noticed the cut too");
      });
    }
  });

  describe(`a network that falls silent: ${pair.name}`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      it(`is noticed by both sides, and survived, over ${way}`, async () => {
        const { scene, proxy, peer } = await behind(
          pair,
          {},
          // An attempt that falls into the silence must end, for the next to find the network again.
          { ...options, timeout: 300 },
          { pingInterval: 100, pingTimeout: 500 },
        );
        await once(peer, "connect");
        await conversation(scene, peer);
        const [first] = scene.io.sockets.sockets.values();
        const told = Promise.all([once<[string]>(first, "disconnect"), once<[string]>(peer, "disconnect")]);
        proxy.fallSilent();
        const [server, client] = await told;
        expect(server[0]).toBe("ping timeout");
        expect(client[0]).toBe("ping timeout");
        const back = once(peer, "connect");
        proxy.speakAgain();
        await back;
        await conversation(scene, peer);
      });
    }
  });
}

describe("a proxy that repeats requests", () => {
  it("does not double what was posted", async () => {
    const { scene, proxy, peer } = await behind(OURS, { repeat: ["POST"] }, WAYS.polling);
    const heard: number[] = [];
    scene.io.on("connection", (socket) => socket.on("n", (n: number) => heard.push(n)));
    await once(peer, "connect");
    for (let n = 0; n < 20; n++) {
      peer.emit("n", n);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await conversation(scene, peer);
    await silence();
    expect(heard).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(proxy.counts.repeated).toBeGreaterThan(0);
  });

  it("ends a session whose GET was repeated, tells both, and the client comes back", async () => {
    const { scene, proxy, peer } = await behind(OURS, { repeat: ["GET"] }, WAYS.polling);
    const serverTold = new Promise((resolve) =>
      scene.io.on("connection", (socket) => socket.on("disconnect", resolve)),
    );
    // From there on it repeats nothing, also on connections that were kept: the client returns to a network that works.
    const clientTold = once(peer, "disconnect").then(() => {
      proxy.become({});
      proxy.cutAll();
    });
    const back = collect(peer, "connect", 2);
    await inTime(Promise.all([serverTold, clientTold]), "both ends to be told");
    await back;
    await conversation(scene, peer);
  });
});

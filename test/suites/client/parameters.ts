// Client suite: what a client asks with that pages can ask with too: path, parameters, subprotocols, bytes as text, and which transport is first.
import type { IncomingMessage } from "node:http";
import { Server, type ServerOptions } from "socket.io";
import { describe, expect, it } from "vitest";
import {
  type ClientLibrary,
  type ClientOptions,
  connected,
  pair,
  type Stage,
  stage,
  upgraded,
} from "../../support/scene.js";
import { once, until } from "../../support/waiting.js";

const stock = { Server };
const TRANSPORTS = ["polling", "websocket"] as const;

/** The parameters of each request that a server got, with their method; upgrades too. */
function requestsOf({ httpServer }: Stage): { method: string | undefined; query: URLSearchParams; path: string }[] {
  const seen: ReturnType<typeof requestsOf> = [];
  const note = ({ method, url = "" }: IncomingMessage): void => {
    const { searchParams, pathname } = new URL(url, "http://localhost");
    seen.push({ method, query: searchParams, path: pathname });
  };
  httpServer.prependListener("request", note);
  httpServer.prependListener("upgrade", note);
  return seen;
}

export function describeParameters(library: ClientLibrary): void {
  describe("requests", () => {
    it("have a parameter against caches over polling, by the name that is given", async () => {
      const scene = await stage(stock);
      const seen = requestsOf(scene);
      await upgraded(await connected(library, scene.url));
      const polls = seen.filter(({ query }) => query.get("transport") === "polling");
      expect(new Set(polls.map(({ query }) => query.get("t"))).size).toBe(polls.length);
      expect(seen.find(({ query }) => query.get("transport") === "websocket")?.query.has("t")).toBe(false);
      seen.length = 0;
      await connected(library, scene.url, { transports: ["websocket"], timestampRequests: true, timestampParam: "ts" });
      expect(seen[0]?.query.has("ts")).toBe(true);
      seen.length = 0;
      await connected(library, scene.url, { transports: ["polling"], timestampRequests: false });
      expect(seen.some(({ query }) => query.has("t"))).toBe(false);
    });

    it("carry bytes as text with forceBase64", async () => {
      const scene = await stage(stock);
      for (const transport of TRANSPORTS) {
        const { socket, peer } = await pair(scene, library, { transports: [transport], forceBase64: true });
        const heard: unknown[] = [];
        socket.conn.on("packet", ({ data }: { data: unknown }) => heard.push(data));
        const got = once<[Uint8Array]>(socket, "bytes");
        peer.emit("bytes", Buffer.from([1, 2, 255]));
        expect([...(await got)[0]]).toEqual([1, 2, 255]);
        const back = once<[Uint8Array]>(peer, "bytes");
        socket.emit("bytes", Buffer.from([3, 4, 254]));
        expect([...new Uint8Array((await back)[0])]).toEqual([3, 4, 254]);
      }
    });

    it("go to a path with a slash at its end, or without where addTrailingSlash is off", async () => {
      const scene = await stage(stock, { addTrailingSlash: false } as Partial<ServerOptions>);
      const seen = requestsOf(scene);
      for (const options of [{ addTrailingSlash: false }, {}] as ClientOptions[]) {
        await connected(library, scene.url, { transports: ["websocket"], ...options });
      }
      expect(seen.map(({ path }) => path)).toEqual(["/socket.io", "/socket.io/"]);
    });

    it("offer the subprotocols that they are given with a WebSocket", async () => {
      const scene = await stage(stock);
      const offered: (string | undefined)[] = [];
      scene.httpServer.prependListener("upgrade", ({ headers }) => offered.push(headers["sec-websocket-protocol"]));
      // ws picks the first one.
      await connected(library, scene.url, { transports: ["websocket"], protocols: ["chat", "other"] });
      expect(offered[0]?.replaceAll(" ", "")).toBe("chat,other");
    });

    it("begin with WebSocket after an upgrade has succeeded, with rememberUpgrade", async () => {
      const scene = await stage(stock);
      const options = { rememberUpgrade: true };
      const first = await connected(library, scene.url, options);
      await upgraded(first);
      const second = await connected(library, scene.url, options);
      expect(second.io.engine.transport.name).toBe("websocket");
      const third = await connected(library, scene.url);
      await until(() => third.io.engine.transport.name === "websocket", "it has upgraded as ever");
      expect((await connected(library, scene.url, { upgrade: false })).io.engine.transport.name).toBe("polling");
    });
  });
}

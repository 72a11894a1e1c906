// Client suite: what the requests of a client on Node are sent with: TLS, agent, cookies, parameters, deadlines.
import {
  type ClientRequestArgs,
  createServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from "node:http";
import { createServer as createHttpsServer, type ServerOptions as TlsOptions } from "node:https";
import { connect as connectTcp, type Socket as TcpSocket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { Server } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { CERTIFICATE, KEY, PASSPHRASE, PFX } from "../../support/certificate.js";
import {
  type ClientLibrary,
  type ClientOptions,
  closeLater,
  closeServer,
  connected,
  listening,
  portOf,
  type Stage,
  stage,
  upgraded,
} from "../../support/scene.js";
import { until } from "../../support/waiting.js";

const stock = { Server };
const TRANSPORTS = ["polling", "websocket"] as const;

/** npm's server over TLS. */
async function secureStage(tls: TlsOptions): Promise<Stage> {
  const httpServer = createHttpsServer({ key: KEY, cert: CERTIFICATE, ...tls });
  const io = new Server(httpServer);
  const port = await listening(httpServer as never);
  onTestFinished(() => {
    const closed = closeServer(io);
    httpServer.closeAllConnections();
    return closed;
  });
  return { io, httpServer: httpServer as never, port, url: `https://localhost:${port}` };
}

export function describeRequests(library: ClientLibrary): void {
  for (const transport of TRANSPORTS) {
    describe(`TLS over ${transport}`, () => {
      const over = (options: object): ClientOptions => ({ transports: [transport], ...options }) as ClientOptions;

      it("refuses a certificate that nobody vouches for, unless ca does or rejectUnauthorized is false", async () => {
        const { url } = await secureStage({});
        await expect(connected(library, url, over({}))).rejects.toBeInstanceOf(Error);
        for (const options of [{ ca: CERTIFICATE }, { rejectUnauthorized: false }]) {
          expect((await connected(library, url, over(options))).connected).toBe(true);
        }
      });

      it("shows its own certificate, from key and cert or from pfx with its passphrase", async () => {
        const { url, httpServer, io } = await secureStage({ requestCert: true, rejectUnauthorized: false });
        const names = new Set<unknown>();
        httpServer.on("secureConnection", (tls: TLSSocket) => names.add(tls.getPeerCertificate().subject?.CN));
        for (const [identity, name] of [
          [{}, undefined],
          [{ key: KEY, cert: CERTIFICATE }, "localhost"],
          [{ pfx: PFX, passphrase: PASSPHRASE }, "localhost"],
        ] as const) {
          names.clear();
          const peer = await connected(library, url, over({ ca: CERTIFICATE, ...identity }));
          peer.disconnect();
          await until(() => io.engine.clientsCount === 0, "its last request is over");
          expect([...names]).toEqual([name]);
        }
      });

      it("speaks the ciphers that it is given", async () => {
        const [ours, theirs] = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"];
        const { url } = await secureStage({ maxVersion: "TLSv1.2", ciphers: theirs });
        await expect(connected(library, url, over({ ca: CERTIFICATE, ciphers: ours }))).rejects.toBeInstanceOf(Error);
        expect((await connected(library, url, over({ ca: CERTIFICATE, ciphers: theirs }))).connected).toBe(true);
      });
    });
  }

  describe("requests", () => {
    it("go through the agent that they are given, as through a proxy", async () => {
      const scene = await stage(stock);
      const asked: string[] = [];
      const tunnels = new Set<TcpSocket>();
      const proxy = createServer();
      proxy.on("connect", ({ url = "" }: IncomingMessage, near: TcpSocket) => {
        asked.push(url);
        const far = connectTcp(scene.port, "127.0.0.1", () =>
          near.write("HTTP/1.1 200 Connection Established\r\n\r\n"),
        );
        near.pipe(far).pipe(near);
        for (const tcp of [near, far]) {
          tunnels.add(tcp);
          tcp.on("error", () => {});
        }
      });
      await listening(proxy);
      closeLater(proxy);
      onTestFinished(() => {
        for (const tcp of tunnels) tcp.destroy();
      });
      class ProxyAgent extends HttpAgent {
        override createConnection(
          target: ClientRequestArgs,
          done?: (error: Error | null, tcp: Duplex) => void,
        ): undefined {
          const path = `${target.host}:${target.port}`;
          httpRequest({ host: "127.0.0.1", port: portOf(proxy), method: "CONNECT", path, agent: false })
            .on("connect", (_answer, tcp) => done?.(null, tcp))
            .on("error", (error) => done?.(error, undefined as never))
            .end();
        }
      }
      for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
        const before = asked.length;
        const agent = new ProxyAgent();
        // The name means nothing here: only the proxy knows where it is.
        const peer = await connected(library, "http://far.invalid", { transports, agent } as object);
        if (transports.length === 2) await upgraded(peer);
        expect(asked.slice(before).every((target) => target === "far.invalid:80")).toBe(true);
        expect(asked.length).toBeGreaterThan(before);
      }
    });

    it("keep cookies with withCredentials, and without it do not", async () => {
      const scene = await stage(stock);
      const cookies: (string | undefined)[] = [];
      scene.io.engine.on("initial_headers", (headers: Record<string, string | string[]>) => {
        headers["set-cookie"] = ["route=3; Path=/", "gone=1; Max-Age=0", "kept=2; Max-Age=60; HttpOnly"];
      });
      scene.httpServer.prependListener("request", ({ headers }) => cookies.push(headers.cookie));
      scene.httpServer.prependListener("upgrade", ({ headers }) => cookies.push(headers.cookie));
      const first = await connected(library, scene.url, { withCredentials: true });
      await upgraded(first);
      expect(cookies[0]).toBeUndefined();
      for (const cookie of cookies.slice(1)) expect(cookie).toBe("route=3; kept=2");
      first.disconnect();
      cookies.length = 0;
      await upgraded(await connected(library, scene.url));
      expect(cookies.every((cookie) => cookie === undefined)).toBe(true);
    });

    it("have options for one transport alone, by its name", async () => {
      const scene = await stage(stock);
      const paths: string[] = [];
      const note = ({ headers, url = "" }: IncomingMessage): void => {
        paths.push(`${new URL(url, "http://localhost").searchParams.get("transport")} ${String(headers["x-who"])}`);
      };
      scene.httpServer.prependListener("request", note);
      scene.httpServer.prependListener("upgrade", note);
      const socket = await connected(library, scene.url, {
        transportOptions: {
          polling: { extraHeaders: { "x-who": "polling" } },
          websocket: { extraHeaders: { "x-who": "websocket" } },
        },
      });
      await upgraded(socket);
      expect([...new Set(paths)].sort()).toEqual(["polling polling", "websocket websocket"]);
    });

    it("offer compression of WebSocket messages, or do not where perMessageDeflate is false", async () => {
      const scene = await stage(stock, { perMessageDeflate: true });
      const offered: (string | undefined)[] = [];
      scene.httpServer.prependListener("upgrade", ({ headers }) => offered.push(headers["sec-websocket-extensions"]));
      await connected(library, scene.url, { transports: ["websocket"] });
      await connected(library, scene.url, { transports: ["websocket"], perMessageDeflate: false } as never);
      expect(offered[0]).toMatch(/^permessage-deflate/);
      expect(offered[1]).toBeUndefined();
    });
  });
}

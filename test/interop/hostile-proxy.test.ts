// The hostile proxy itself: each mode does what its name says.
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { HostileProxy, type Hostility } from "../support/hostile-proxy.js";
import { seeded } from "../support/random.js";
import { ask } from "../support/raw-client.js";
import { closeLater, listening } from "../support/scene.js";
import { Ledger, once, silence, until } from "../support/waiting.js";

/** An echo server behind a proxy, and a client of the proxy. */
async function echo(
  hostility: Hostility,
  seed = 7,
): Promise<{ client: Socket; proxy: HostileProxy; serverSide: Ledger<Socket> }> {
  const serverSide = new Ledger<Socket>();
  const server = createServer((socket) => {
    serverSide.add(socket);
    socket.on("data", (chunk) => socket.write(chunk));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const proxy = new HostileProxy(typeof address === "object" ? (address?.port ?? 0) : 0, hostility, seed);
  const client = connect(await proxy.listen(), "127.0.0.1");
  client.on("error", () => {});
  onTestFinished(async () => {
    client.destroy();
    await proxy.close();
    for (const socket of serverSide.entries) socket.destroy();
    server.close();
  });
  await once(client, "connect");
  return { client, proxy, serverSide };
}

async function read(client: Socket, length: number): Promise<{ bytes: Buffer; chunks: number }> {
  const chunks: Buffer[] = [];
  client.on("data", (chunk: Buffer) => chunks.push(chunk));
  await until(() => chunks.reduce((sum, chunk) => sum + chunk.length, 0) >= length, `${length} bytes have come`);
  return { bytes: Buffer.concat(chunks), chunks: chunks.length };
}

const letters = Buffer.from(Array.from({ length: 3000 }, (_, n) => n % 251));

describe("hostile proxy", () => {
  for (const [name, hostility] of Object.entries<Hostility>({
    "passes bytes through": {},
    "keeps order and bytes when it delays": { delay: [0, 5] },
    "keeps order and bytes when it splits": { split: [1, 7] },
    "keeps order and bytes when it joins": { join: 5 },
    "keeps order and bytes when it does all three": { delay: [0, 3], split: [1, 50], join: 2 },
  })) {
    it(name, async () => {
      const { client } = await echo(hostility);
      const answer = read(client, letters.length);
      for (let at = 0; at < letters.length; at += 500) client.write(letters.subarray(at, at + 500));
      expect((await answer).bytes.equals(letters)).toBe(true);
    });
  }

  it("splits into many pieces", async () => {
    const { client, serverSide } = await echo({ split: [1, 3] });
    const [socket] = await serverSide.reaches(1);
    let chunks = 0;
    socket?.on("data", () => chunks++);
    const answer = read(client, 1000);
    client.write(letters.subarray(0, 1000));
    await answer;
    expect(chunks).toBeGreaterThan(10);
  });

  it("joins writes that come close together", async () => {
    const { client, serverSide } = await echo({ join: 400 });
    const [socket] = await serverSide.reaches(1);
    let chunks = 0;
    socket?.on("data", () => chunks++);
    const answer = read(client, 5);
    for (let n = 0; n < 5; n++) {
      client.write(Buffer.from([n]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await answer).bytes.toString("hex")).toBe("0001020304");
    expect(chunks).toBe(1);
  });

  for (const cutBy of ["rst", "fin"] as const) {
    it(`cuts by ${cutBy} after a number of bytes, on both sides`, async () => {
      const { client, proxy, serverSide } = await echo({ cutAfter: [700, 700], cutBy });
      const [socket] = await serverSide.reaches(1);
      const gone = Promise.all([once(client, "close"), once(socket, "close")]);
      let length = 0;
      socket?.on("data", (chunk: Buffer) => {
        length += chunk.length;
      });
      client.resume();
      client.write(letters);
      await gone;
      expect(length).toBeLessThanOrEqual(700);
      expect(proxy.counts.cut).toBe(1);
    });
  }

  it("cuts where the same seed cuts again", () => {
    const draw = (seed: number): number[] => {
      const random = seeded(seed);
      return Array.from({ length: 20 }, () => random.between(1, 1000));
    };
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
    expect(draw(42).every((n) => n >= 1 && n <= 1000)).toBe(true);
  });

  it("falls silent without closing anything", async () => {
    const { client, proxy, serverSide } = await echo({});
    const [socket] = await serverSide.reaches(1);
    proxy.fallSilent();
    let heard = 0;
    socket?.on("data", () => heard++);
    client.write("anybody there?");
    await silence();
    expect(heard).toBe(0);
    expect(client.destroyed || socket?.destroyed).toBe(false);
  });

  it("cuts a connection that is idle, and not before", async () => {
    const { client, proxy } = await echo({ idleCut: 60 });
    client.resume();
    for (let n = 0; n < 4; n++) {
      client.write("x");
      await once(client, "data");
    }
    expect(proxy.counts.cut).toBe(0);
    await once(client, "close");
    expect(proxy.counts.cut).toBe(1);
  });

  describe("before an HTTP server", () => {
    async function web(hostility: Hostility): Promise<{ port: number; proxy: HostileProxy; requests: Ledger<string> }> {
      const requests = new Ledger<string>();
      const server = createHttpServer((request: IncomingMessage, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        request.on("end", () => {
          requests.add(`${request.method} ${request.headers.upgrade ?? "-"} ${Buffer.concat(chunks).toString()}`);
          response.end("answer");
        });
      });
      server.on("upgrade", (_request, socket) => {
        requests.add("upgrade");
        socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      });
      closeLater(server);
      const proxy = new HostileProxy(await listening(server), hostility);
      onTestFinished(() => proxy.close());
      return { port: await proxy.listen(), proxy, requests };
    }
    const upgrade = { headers: { connection: "Upgrade", upgrade: "websocket" } };

    for (const status of [400, 502] as const) {
      it(`answers requests for an upgrade with a page of status ${status}`, async () => {
        const { port, proxy, requests } = await web({ refuseUpgrades: status });
        const answer = await ask(port, "/", upgrade);
        expect(answer.status).toBe(status);
        expect(answer.headers["content-type"]).toBe("text/html");
        expect(answer.text).toContain("<h1>");
        expect((await ask(port, "/")).text).toBe("answer");
        expect(requests.entries).toEqual(["GET - "]);
        expect(proxy.counts.upgradesRefused).toBe(1);
      });
    }

    it("answers the next requests with pages, and the others not; a truncated page ends in its middle", async () => {
      const { port, proxy, requests } = await web({ pages: [503, 200] });
      expect((await ask(port, "/", { method: "POST", body: "hello" })).status).toBe(503);
      const page = await ask(port, "/");
      expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html"]);
      expect((await ask(port, "/")).text).toBe("answer");
      expect([requests.entries, proxy.counts.pages]).toEqual([["GET - "], 2]);
      proxy.become({ pages: [200], truncated: true });
      await expect(ask(port, "/")).rejects.toThrow();
    });

    it("strips the header from requests for an upgrade", async () => {
      const { port, requests } = await web({ refuseUpgrades: "strip" });
      expect((await ask(port, "/", upgrade)).text).toBe("answer");
      expect(requests.entries).toEqual(["GET - "]);
    });

    it("refuses an upgrade on a connection that carried another request before", async () => {
      const { port, requests } = await web({ refuseUpgrades: 400, split: [1, 9] });
      const socket = connect(port, "127.0.0.1");
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody");
      await requests.reaches(1);
      socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
      await once(socket, "close");
      expect(Buffer.concat(chunks).toString()).toContain("400 Bad Request");
      expect(requests.entries).toEqual(["POST - body"]);
    });

    it("sends requests of a method twice and gives one answer", async () => {
      const { port, proxy, requests } = await web({ repeat: ["POST"] });
      expect((await ask(port, "/", { method: "POST", body: "hello" })).text).toBe("answer");
      expect((await ask(port, "/")).text).toBe("answer");
      await requests.reaches(3);
      expect([...requests.entries].sort()).toEqual(["GET - ", "POST - hello", "POST - hello"]);
      expect(proxy.counts.repeated).toBe(1);
    });
  });
});

// Server suite: the client's files under the path of the server.
import type { ServerResponse } from "node:http";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ask } from "../../support/raw-client.js";
import { type ServerLibrary, stage } from "../../support/scene.js";

const SCRIPTS = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js"];

export function describeServedFiles(library: ServerLibrary): void {
  describe("served files", () => {
    for (const file of SCRIPTS) {
      it(`are served as JavaScript: ${file}`, async () => {
        const { port } = await stage(library);
        const answer = await ask(port, `/socket.io/${file}`);
        expect(answer.status).toBe(200);
        expect(answer.headers["content-type"]).toBe("application/javascript; charset=utf-8");
        expect(answer.headers["cache-control"]).toBe("public, max-age=0");
        expect(answer.headers.etag).toMatch(/^"?.+"$/);
        expect(answer.body.length).toBeGreaterThan(10_000);
      });

      it(`come with their map: ${file}`, async () => {
        const { port } = await stage(library);
        const answer = await ask(port, `/socket.io/${file}.map`);
        expect(answer.status).toBe(200);
        expect(answer.headers["content-type"]).toContain("application/json");
        expect(JSON.parse(answer.text)).toMatchObject({
          version: 3,
          sources: expect.any(Array),
          mappings: expect.any(String),
        });
      });
    }

    it("are not sent again to who has them", async () => {
      const { port } = await stage(library);
      const first = await ask(port, "/socket.io/socket.io.js");
      const etag = first.headers.etag ?? "";
      const again = await ask(port, "/socket.io/socket.io.js", { headers: { "if-none-match": etag } });
      expect(again.status).toBe(304);
      expect(again.body.length).toBe(0);
      const weak = await ask(port, "/socket.io/socket.io.js", { headers: { "if-none-match": `W/${etag}` } });
      expect(weak.status).toBe(304);
      const other = await ask(port, "/socket.io/socket.io.js", { headers: { "if-none-match": '"another"' } });
      expect(other.status).toBe(200);
    });

    it("are compressed as the client accepts it", async () => {
      const { port } = await stage(library);
      const plain = await ask(port, "/socket.io/socket.io.js");
      expect(plain.headers["content-encoding"]).toBeUndefined();
      const gzip = await ask(port, "/socket.io/socket.io.js", { headers: { "accept-encoding": "gzip" } });
      expect(gzip.headers["content-encoding"]).toBe("gzip");
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      const brotli = await ask(port, "/socket.io/socket.io.js", { headers: { "accept-encoding": "br" } });
      expect(brotli.headers["content-encoding"]).toBe("br");
      expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
    });

    it("carry the CORS headers", async () => {
      const { port } = await stage(library, { cors: { origin: "https://a.example" } });
      const answer = await ask(port, "/socket.io/socket.io.js", { headers: { origin: "https://a.example" } });
      expect(answer.headers["access-control-allow-origin"]).toBe("https://a.example");
    });

    it("are served to who has not passed the middlewares of the engine", async () => {
      const { port, io } = await stage(library);
      io.engine.use((_request: unknown, response: ServerResponse) => response.writeHead(401).end());
      expect((await ask(port, "/socket.io/socket.io.js")).status).toBe(200);
      expect((await ask(port, "/socket.io/?EIO=4&transport=polling")).status).toBe(401);
    });

    it("are served under the server's path", async () => {
      const { port } = await stage(library, { path: "/live" });
      expect((await ask(port, "/live/socket.io.js")).status).toBe(200);
    });

    it("are served whatever the query", async () => {
      const { port } = await stage(library);
      expect((await ask(port, "/socket.io/socket.io.js?v=1")).status).toBe(200);
    });

    it("are not served where serveClient is off", async () => {
      const { port } = await stage(library, { serveClient: false });
      expect((await ask(port, "/socket.io/socket.io.js")).status).toBe(400);
    });

    it("are no door to other files", async () => {
      const { port } = await stage(library);
      for (const path of ["/socket.io/%2e%2e/package.json", "/socket.io/socket.io.jsx", "/socket.io/package.json"]) {
        const answer = await ask(port, path).catch(() => ({ status: 0, text: "" }));
        if (answer.status === 200) expect(answer.text).not.toContain('"license"');
        else expect([0, 400, 404]).toContain(answer.status);
      }
    });
  });
}

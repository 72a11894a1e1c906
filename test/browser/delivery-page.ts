// What the pages of delivery's and the outbox's browser tests load: the client's modules as a bundler takes them out of the built package.
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import type { ServerOptions, Server as StockServer } from "socket.io";
import { onTestFinished } from "vitest";
import type { LostSession } from "../../src/server/socket-types.js";
import { listening } from "../support/scene.js";

/** The built package, as a CommonJS program gets it. */
const { Server } = createRequire(import.meta.url)("../../dist/index.js") as { Server: typeof StockServer };
const MODULES = fileURLToPath(new URL("../../packages/client/build/esm/entry/", import.meta.url));

let bundled: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const page = "vaiven:page";
  const build = await rolldown({
    input: page,
    platform: "browser",
    plugins: [
      {
        name: "page",
        resolveId: (id) => (id === page ? id : null),
        load: (id) =>
          id === page
            ? `import { io } from "${MODULES}client-browser.js"; import { delivery } from "${MODULES}client-delivery.js";
               import { indexedDbStore, openOutbox } from "${MODULES}client-outbox-browser.js";
               Object.assign(window, { io, delivery, indexedDbStore, openOutbox });`
            : null,
      },
    ],
  });
  const { output } = await build.generate({ format: "iife" });
  await build.close();
  return output[0].code;
}

export interface Site {
  readonly port: number;
  readonly http: HttpServer;
  readonly io: StockServer;
  readonly lost: LostSession[];
}

/** A server whose page has everything on `window`. */
export async function site(options: Partial<ServerOptions>): Promise<Site> {
  bundled ??= bundle();
  const script = await bundled;
  const http = createHttpServer((request, response) => {
    if (request.url === "/page.js") response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    else if (request.url === "/" || request.url === "/elsewhere") {
      const loads = request.url === "/" ? '<script src="/page.js"></script>' : "";
      response.writeHead(200, { "content-type": "text/html" }).end(`<!doctype html><title>page</title>${loads}`);
    } else response.writeHead(404).end();
  });
  const io = new Server(http, options);
  const lost: LostSession[] = [];
  (io as unknown as { on(event: string, fn: (session: LostSession) => void): void }).on("session_lost", (session) =>
    lost.push(session),
  );
  const port = await listening(http);
  onTestFinished(async () => {
    const closed = io.close();
    http.closeAllConnections();
    await closed;
  });
  return { port, http, io, lost };
}

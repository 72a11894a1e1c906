// Test support: a server under attack, with a healthy client that sees whether it is still served.
import { createServer, type Server as HttpServer } from "node:http";
import { expect, onTestFinished } from "vitest";
import { Server, type ServerOptions, type Socket } from "../../src/entry/server.js";
import { openWebSocket, type RawWebSocket } from "./raw-client.js";
import { closeLater, listening } from "./scene.js";
import { once, until } from "./waiting.js";

export interface Target {
  readonly io: Server;
  readonly port: number;
  readonly httpServer: HttpServer;
  /** The errors that ended sessions, by code, as the `disconnect` handlers saw them. */
  readonly ends: (string | undefined)[];
  /** A healthy client gets its answer. */
  isServed(): Promise<void>;
  /** Only the witness is left. */
  isAlone(): Promise<void>;
}

export async function target(
  options: Partial<ServerOptions> = {},
  httpServer: HttpServer = createServer(),
): Promise<Target> {
  const io = new Server(httpServer, options);
  const ends: (string | undefined)[] = [];
  io.onError((error) => {
    throw error;
  });
  io.on("connection", (socket) => {
    socket.on("ping?", (answer: (text: string) => void) => answer("pong"));
    socket.on("disconnect", (_reason, description) => ends.push((description as { code?: string } | undefined)?.code));
  });
  const port = await listening(httpServer);
  closeLater(httpServer);
  onTestFinished(() => {
    const closed = io.close();
    httpServer.closeAllConnections();
    return closed;
  });
  const { raw } = await openWebSocket(port);
  raw.ws.on("message", (data: Buffer) => {
    if (data.toString() === "2") raw.send("3");
  });
  await raw.join();
  onTestFinished(() => raw.close());
  let asked = 0;
  return {
    io,
    port,
    httpServer,
    ends,
    isServed: async () => {
      const id = asked++;
      raw.send(`42${id}["ping?"]`);
      expect(await answerOf(raw, id)).toBe(`43${id}["pong"]`);
    },
    isAlone: () => until(() => io.engine.clientsCount === 1, "only the witness is left", 30_000),
  };
}

async function answerOf(raw: RawWebSocket, id: number): Promise<string> {
  for (;;) {
    const text = await raw.text();
    if (text.startsWith(`43${id}[`)) return text;
  }
}

/** The next socket that connects. */
export const socketOf = (io: Server): Promise<Socket> => once<[Socket]>(io, "connection").then(([socket]) => socket);

// server/ The engines of one server, and the HTTP servers that they are attached to: replaced together while nobody has come, and closed together
// (Socket.IO documentation, "The Server instance").
import type { Server as HttpServer } from "node:http";
import type { Clock } from "../session/platform.js";
import type { Engine } from "./engine.js";

/** What is closed of an engine: one of ours, or one of npm's `engine.io`. */
interface ClosableEngine {
  close(): unknown;
  leave?(span: number): Promise<void>;
}

/** Engines and HTTP servers of one server. */
export class Engines {
  private readonly all: Set<ClosableEngine> = new Set();
  /** Ours, with the HTTP servers that they answer for, in the order in which they were attached. */
  private readonly attached: Map<Engine, HttpServer> = new Map();

  /** Takes an engine, to close it with the others. */
  add(engine: ClosableEngine): void {
    this.all.add(engine);
  }

  attach(engine: Engine, httpServer: HttpServer): void {
    this.attached.set(engine, httpServer);
    engine.attach(httpServer);
  }

  /** Whether an engine that is attached has clients, or listeners of the program's. */
  get areInUse(): boolean {
    return [...this.attached.keys()].some((engine) => engine.clientsCount > 0 || engine.eventNames().length > 0);
  }

  /** Closes those that are attached. Their HTTP servers go on, for others. */
  detach(): HttpServer[] {
    const httpServers = [...this.attached.values()];
    for (const engine of this.attached.keys()) {
      engine.close();
      this.all.delete(engine);
    }
    this.attached.clear();
    return httpServers;
  }

  /**
   * Closes everything. With `drain` the engines go on answering until all have what was sent, and connections that are still open as many
   * milliseconds after that are cut: browsers connect ahead of time, ask for nothing, and would keep an HTTP server from closing for ever.
   *
   * @returns the error of an HTTP server that was not open
   */
  async close(drain: number | undefined, clock: Clock): Promise<Error | undefined> {
    const { all } = this;
    const httpServers = [...new Set(this.attached.values())];
    // Whoever comes while it leaves is answered by the engine, not left to listeners that know nothing of it.
    if (drain !== undefined) await Promise.all([...all].map((engine) => engine.leave?.(drain)));
    else for (const engine of all) engine.close();
    const cut = (): void => {
      for (const server of httpServers) server.closeAllConnections?.();
    };
    const cancelCut = drain === undefined ? undefined : clock.after(drain, cut);
    const errors = await Promise.all(httpServers.map(closed));
    cancelCut?.();
    for (const engine of all) engine.close();
    return errors.find((each) => each !== undefined);
  }
}

function closed(server: HttpServer): Promise<Error | undefined> {
  return new Promise((resolve) => {
    server.close((error) => resolve(error));
  });
}

// server/ What stands before the engine: the `cors` option and the Express middlewares of `io.engine.use`.
import type { IncomingMessage, ServerResponse } from "node:http";
import cors from "cors";
import type { EngineOptions } from "./engine-options.js";

/** A middleware in Express's form. It sees plain Node objects, on upgrade requests too. */
export type EngineMiddleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;

/** Runs middlewares in order. Those that call `next` at once keep the whole chain in one turn. */
export class MiddlewareChain {
  private readonly middlewares: EngineMiddleware[] = [];
  private users = 0;

  constructor(corsOptions: EngineOptions["cors"]) {
    if (corsOptions !== undefined) {
      const handle = typeof corsOptions === "function" ? cors(corsOptions) : cors(corsOptions);
      this.middlewares.push((req, res, next) => handle(req, res, next));
    }
  }

  get isEmpty(): boolean {
    return this.middlewares.length === 0;
  }

  /** Whether `io.engine.use` was called: such programs may hang things on the request that they want to find again. */
  get hasUsers(): boolean {
    return this.users > 0;
  }

  use(middleware: EngineMiddleware): void {
    this.middlewares.push(middleware);
    this.users++;
  }

  /** Calls `done` once, when the last one has called `next`, or with what one gave to `next` or threw. Not at all if one answered itself. */
  run(req: IncomingMessage, res: ServerResponse, done: (error: unknown) => void): void {
    const { middlewares } = this;
    const step = (index: number): void => {
      const middleware = middlewares[index];
      if (middleware === undefined) {
        done(undefined);
        return;
      }
      let called = false;
      const next = (error?: unknown): void => {
        if (called) return;
        called = true;
        if (error !== undefined && error !== null) done(error);
        else step(index + 1);
      };
      try {
        middleware(req, res, next);
      } catch (error) {
        next(error ?? new Error("a middleware threw nothing"));
      }
    };
    step(0);
  }
}

/** The origin that the `cors` option allows for this request, as it wrote it into the response. */
export function allowedOriginOf(res: ServerResponse): string | undefined {
  const value = res.getHeader("access-control-allow-origin");
  return typeof value === "string" ? value : undefined;
}

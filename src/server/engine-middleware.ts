// server/ What stands before the engine: the `cors` option and the Express middlewares of `io.engine.use`.
import type { IncomingMessage, ServerResponse } from "node:http";
import cors from "cors";
import type { Unchecked } from "../event/event-map.js";
import { readQuery } from "../http/target.js";
import type { CorsOptionsDelegate, EngineCorsOptions, EngineOptions } from "./engine-options.js";
import { isThenable, type Middleware, runMiddlewares } from "./middleware.js";

/**
 * A middleware in Express's form. It sees plain Node objects, an `IncomingMessage` and a `ServerResponse`, on upgrade requests too; the types
 * leave that open, because middlewares written for Express declare Express's own.
 */
export type EngineMiddleware = (req: Unchecked, res: Unchecked, next: (error?: Unchecked) => void) => void;

/** Receives what a middleware, or a function of the `cors` option, threw or rejected with. */
export type MiddlewareFailed = (cause: unknown, what: "engine middleware" | "cors", req?: IncomingMessage) => void;

/** What a middleware looks at. */
interface Asked {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
}

/** Gives a request what Engine.IO's have when the program's functions see them: the parsed query, and the response where there is one. */
export function exposeRequest(req: IncomingMessage, res?: ServerResponse): void {
  Object.assign(req, { _query: readQuery(req.url ?? "") }, res && { res });
}

/** The middlewares of one engine. Those that call `next` at once keep the whole chain in one turn. */
export class MiddlewareChain {
  private readonly middlewares: Middleware<Asked>[] = [];
  /** Of the `cors` option. */
  private readonly own: readonly Middleware<Asked>[];
  private readonly failed: MiddlewareFailed;

  constructor(corsOptions: EngineOptions["cors"], failed: MiddlewareFailed) {
    this.failed = failed;
    if (corsOptions !== undefined) {
      const handle =
        typeof corsOptions === "function"
          ? cors(watchedDelegate(corsOptions, failed))
          : cors(watchedOptions(corsOptions, failed));
      this.middlewares.push(({ req, res }, next) => handle(req, res, next));
    }
    this.own = [...this.middlewares];
  }

  get isEmpty(): boolean {
    return this.middlewares.length === 0;
  }

  /** Whether `io.engine.use` was called: such programs may hang things on the request that they want to find again. */
  get hasUsers(): boolean {
    return this.middlewares.length > this.own.length;
  }

  use(middleware: EngineMiddleware): void {
    this.middlewares.push(({ req, res }, next) => middleware(req, res, next));
  }

  /** Calls `done` once, when the last one has called `next`, or with what one gave to `next`, threw or rejected with. Not at all if one answered itself. */
  run(req: IncomingMessage, res: ServerResponse, done: (error: unknown) => void): void {
    this.runThese(this.middlewares, req, res, done);
  }

  /** The same for a file of the client, which is no request of a client: it is asked for by a script tag, before anybody can have logged in. */
  runForFile(req: IncomingMessage, res: ServerResponse, done: (error: unknown) => void): void {
    this.runThese(this.own, req, res, done);
  }

  private runThese(
    middlewares: readonly Middleware<Asked>[],
    req: IncomingMessage,
    res: ServerResponse,
    done: (error: unknown) => void,
  ): void {
    runMiddlewares(
      middlewares,
      { req, res },
      {
        onDone: done,
        onThrown: (cause, late) => {
          this.failed(cause, "engine middleware", req);
          if (!late) done(cause ?? new Error("a middleware threw nothing"));
        },
      },
    );
  }
}

/** npm's `cors` does not look at what the program's functions return: their promises are watched here, and a rejection refuses. */
function watchedDelegate(delegate: CorsOptionsDelegate, failed: MiddlewareFailed): CorsOptionsDelegate {
  return (req, callback) => {
    const returned: unknown = delegate(req, (error, options) => callback(error, watchedOptions(options ?? {}, failed)));
    if (isThenable(returned)) returned.then(undefined, (cause) => refuseBy(callback, cause, failed, req));
  };
}

function watchedOptions(options: EngineCorsOptions, failed: MiddlewareFailed): EngineCorsOptions {
  const { origin } = options;
  // Where no origin is named, npm's `cors` names all of them. What is not said is not allowed here.
  if (origin === undefined) return { ...options, origin: false };
  if (typeof origin !== "function") return options;
  return {
    ...options,
    origin: (value, callback) => {
      const returned: unknown = origin(value, callback);
      if (isThenable(returned)) returned.then(undefined, (cause) => refuseBy(callback, cause, failed));
    },
  };
}

function refuseBy(
  callback: (error: Error) => void,
  cause: unknown,
  failed: MiddlewareFailed,
  req?: IncomingMessage,
): void {
  failed(cause, "cors", req);
  callback(cause instanceof Error ? cause : new Error(String(cause)));
}

/** The origin that the `cors` option allows for this request, as it wrote it into the response. */
export function allowedOriginOf(res: ServerResponse): string | undefined {
  const value = res.getHeader("access-control-allow-origin");
  return typeof value === "string" ? value : undefined;
}

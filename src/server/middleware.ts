// server/ Chains of middlewares: of a request, of a connection to a namespace, and of each event of a socket.

/** A middleware: calls `next` when it is done, with an error to refuse. What it returns may be a promise. */
export type Middleware<Subject> = (subject: Subject, next: (error?: Error) => void) => unknown;

/** How a chain ended. */
export interface MiddlewareOutcome {
  /** Every middleware has called `next`, or one called it with an error. */
  onDone(error: Error | undefined): void;
  /** A middleware threw, or its promise was rejected; `late` where it had called `next` before, and the chain has gone on. */
  onThrown(cause: unknown, late: boolean): void;
}

/** Runs `chain` one after the other. A second `next` of a middleware is not heard. */
export function runMiddlewares<Subject>(
  chain: readonly Middleware<Subject>[],
  subject: Subject,
  outcome: MiddlewareOutcome,
): void {
  const run = (index: number): void => {
    const middleware = chain[index];
    if (middleware === undefined) {
      outcome.onDone(undefined);
      return;
    }
    let called = false;
    const next = (error?: Error): void => {
      if (called) return;
      called = true;
      if (error) outcome.onDone(error);
      else run(index + 1);
    };
    const thrown = (cause: unknown): void => {
      const late = called;
      called = true;
      outcome.onThrown(cause, late);
    };
    let result: unknown;
    try {
      result = middleware(subject, next);
    } catch (cause) {
      thrown(cause);
      return;
    }
    if (isThenable(result)) result.then(undefined, thrown);
  };
  run(0);
}

/** Whether `value` is a promise of any kind. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

// Load generator: what each kind of load implements. The windows begin and end with nothing in flight, so that messages and CPU time match exactly.

export interface Driver {
  /** Messages (deliveries, connections) completed since the last call of `start`. */
  readonly messages: number;
  /** Opens what the load needs and checks one exchange, byte for byte. */
  prepare(): Promise<void>;
  /** Runs the load for the time given, lets what is in flight come back, and resolves. Rejects where something is lost. */
  run(seconds: number): Promise<void>;
  /** p50 and p99 of the last run in milliseconds; undefined where the load has no such thing. */
  latency(): (number | undefined)[];
  close(): void;
}

/** Longest wait for what is in flight when a run ends; beyond it something was lost. */
const DRAIN_MS = 5000;

/** Outside a run there is nobody to reject: the process reports it (bench/load/main.ts). */
function raise(error: Error): void {
  throw error;
}

/** Runs a closed loop: `start` begins it, it asks `isOver` before sending more, and calls the function given when all has come back. */
export class Window {
  isOpen = false;
  #drained: () => void = () => {};
  #failed: (error: Error) => void = raise;
  readonly #drainMs: number;

  constructor(drainMs: number = DRAIN_MS) {
    this.#drainMs = drainMs;
  }

  run(seconds: number, start: () => void, outstanding: () => number): Promise<void> {
    return new Promise((resolve, reject) => {
      let drainTimer: NodeJS.Timeout | undefined;
      const endTimer = setTimeout(() => {
        this.isOpen = false;
        if (outstanding() === 0) this.#drained();
        else
          drainTimer = setTimeout(() => this.#failed(new Error(`${outstanding()} messages were lost`)), this.#drainMs);
      }, seconds * 1000);
      const settle = (): void => {
        clearTimeout(endTimer);
        clearTimeout(drainTimer);
        this.isOpen = false;
        this.#drained = () => {};
        this.#failed = raise;
      };
      this.#drained = () => {
        settle();
        resolve();
      };
      this.#failed = (error) => {
        settle();
        reject(error);
      };
      this.isOpen = true;
      start();
    });
  }

  /** To be called when nothing is in flight after the window has closed. */
  drained(): void {
    this.#drained();
  }

  fail(error: Error): void {
    this.#failed(error);
  }
}

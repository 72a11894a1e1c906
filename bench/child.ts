// Benchmarks: a child process on a core of its own, asked and answered over IPC.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Cores {
  /** Undefined where processes cannot be pinned. */
  readonly server: number | undefined;
  readonly load: number | undefined;
  /** Why they cannot, for the table's foot. */
  readonly note: string | undefined;
}

function allowedCores(): number[] {
  const status = readFileSync("/proc/self/status", "utf8");
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(status)?.[1] ?? "";
  return list.split(",").flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

/** The first two cores that this process may use: one for the server, one for the load. */
export function findCores(): Cores {
  const none = { server: undefined, load: undefined };
  if (spawnSync("taskset", ["--version"]).error !== undefined) {
    return { ...none, note: "taskset is missing: processes are not pinned, figures are noisier" };
  }
  const [server, load] = allowedCores();
  if (server === undefined || load === undefined) {
    return { ...none, note: "one core only: server and load share it, figures are noisier" };
  }
  return { server, load, note: undefined };
}

const running = new Set<Child>();

/** Ends every child at once: Ctrl-C, or a failure of the run itself. */
export function killAll(): void {
  for (const child of running) child.kill();
}

/** Of open files, as many as the processes may have; the children raise their own limit to the hard one at start. */
export function openFilesLimit(): number {
  const { stdout } = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" });
  const limit = Number(stdout.trim());
  return Number.isFinite(limit) ? limit : Number.POSITIVE_INFINITY;
}

export class Child {
  readonly name: string;
  #process: ChildProcess;
  #stderr = "";
  #inbox: unknown[] = [];
  #waiting: { resolve: (message: unknown) => void; reject: (error: Error) => void } | undefined;
  #exit: Promise<void>;
  #hasExited = false;

  constructor(name: string, core: number | undefined, nodeArguments: readonly string[]) {
    this.name = name;
    const pin = core === undefined ? [] : ["taskset", "-c", String(core)];
    const [command = process.execPath, ...rest] = [...pin, process.execPath, ...nodeArguments];
    this.#process = spawn(command, rest, {
      stdio: ["ignore", "inherit", "pipe", "ipc"],
      env: { ...process.env, NODE_ENV: "production" },
    });
    running.add(this);
    this.#process.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4000);
    });
    this.#process.on("message", (message) => {
      const waiting = this.#waiting;
      // The next message may come before who waits for this one goes on.
      this.#waiting = undefined;
      if (waiting === undefined) this.#inbox.push(message);
      else waiting.resolve(message);
    });
    this.#exit = new Promise((resolve) => {
      this.#process.once("exit", () => {
        this.#hasExited = true;
        running.delete(this);
        this.#waiting?.reject(this.#ended());
        resolve();
      });
    });
  }

  #ended(): Error {
    return new Error(`${this.name} ended unexpectedly${this.#stderr === "" ? "" : `:\n${this.#stderr}`}`);
  }

  /** Sends a request, if there is one, and gives the next message. */
  async ask<T>(request: object | undefined, timeoutSeconds: number): Promise<T> {
    if (this.#hasExited) throw this.#ended();
    if (request !== undefined) this.#process.send(request);
    const early = this.#inbox.shift();
    if (early !== undefined) return early as T;
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#waiting = { resolve: (message) => resolve(message as T), reject };
        timer = setTimeout(() => {
          reject(new Error(`${this.name} did not answer within ${timeoutSeconds} s\n${this.#stderr}`));
        }, timeoutSeconds * 1000);
      });
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Kills the process and waits until it is gone, so that the next one has the core to itself. */
  async end(): Promise<void> {
    this.kill();
    await this.#exit;
  }
}

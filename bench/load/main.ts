// Load generator: the process. The parent sends the task, then "go" for each window; the answers are what happened in it.
import { LOADS, SUBJECTS, type SubjectName } from "../loads.js";
import type { Target } from "./connection.js";
import type { Driver } from "./driver.js";
import { EchoDriver } from "./echo.js";
import { FanoutDriver } from "./fanout.js";
import { OpenDriver } from "./open.js";
import { PollingDriver } from "./polling.js";

export interface Task {
  readonly load: string;
  readonly subject: SubjectName;
  readonly port: number;
  /** Connections, where the machine does not allow as many as the load has. */
  readonly clients: number;
}

export type Request = { readonly type: "prepare" } | { readonly type: "run"; readonly seconds: number };

export type Answer =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | {
      readonly type: "ran";
      readonly messages: number;
      readonly seconds: number;
      /** Microseconds of this process's CPU time. */
      readonly cpu: number;
      readonly p50: number | undefined;
      readonly p99: number | undefined;
    };

function driverFor(task: Task): Driver {
  const load = LOADS.find(({ name }) => name === task.load);
  if (load === undefined) throw new Error(`unknown load ${task.load}`);
  const target: Target = { port: task.port, subject: SUBJECTS[task.subject] };
  const sized = { ...load, clients: task.clients };
  switch (load.kind) {
    case "echo":
      return new EchoDriver(sized, target);
    case "fanout":
    case "rooms":
      return new FanoutDriver(sized, target);
    case "open":
      return new OpenDriver(sized, target);
    case "polling":
      return new PollingDriver(sized, target);
  }
}

function say(answer: Answer): void {
  process.send?.(answer);
}

function sayFailure(error: unknown): void {
  say({ type: "failed", message: error instanceof Error ? error.message : String(error) });
}

const driver = driverFor(JSON.parse(process.argv[2] ?? "{}") as Task);

async function perform(request: Request): Promise<void> {
  if (request.type === "prepare") {
    await driver.prepare();
    say({ type: "ready" });
    return;
  }
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  await driver.run(request.seconds);
  const seconds = (performance.now() - start) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const [p50, p99] = driver.latency();
  say({ type: "ran", messages: driver.messages, seconds, cpu: cpu.user + cpu.system, p50, p99 });
}

process.on("message", (request: Request) => {
  perform(request).catch(sayFailure);
});
// Thrown where bytes arrive: an answer that the load does not know.
process.on("uncaughtException", sayFailure);
process.on("disconnect", () => process.exit());
process.on("SIGINT", () => {});

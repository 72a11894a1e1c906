// Benchmarks: one cell of the table, once: a fresh server, a fresh load, one measured window.
import { join } from "node:path";
import { Child, type Cores } from "./child.js";
import type { Answer, Request, Task } from "./load/main.js";
import { exchangeFor } from "./load/messages.js";
import type { Load, Subject } from "./loads.js";

export interface Measurement {
  /** In the load's unit. */
  readonly value: number;
  /** Messages, deliveries or connections in the window. */
  readonly messages: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number | undefined;
  readonly p99: number | undefined;
  /** Of the server at the end of the window, MB. */
  readonly rss: number;
  /** Shares of one core that the server and the load used. */
  readonly serverBusy: number | undefined;
  readonly loadBusy: number;
}

export interface CellOptions {
  readonly cores: Cores;
  readonly seconds: number;
  readonly warmSeconds: number;
  readonly clients: number;
  /** Where the server's CPU profile of the window goes; none is taken without it. */
  readonly profile?: string;
  readonly onPhase: (phase: string) => void;
}

interface Sample {
  readonly type: "sample";
  /** Microseconds, user and system. */
  readonly cpu: number;
  readonly rss: number;
}

/** Bounds each step; connecting ten thousand clients on a busy machine takes the longest. */
const STEP_SECONDS = 90;

function serverArguments(load: Load, subject: Subject, options: CellOptions): string[] {
  const task = {
    kind: load.kind,
    message: load.message,
    clients: options.clients,
    messageBytes: exchangeFor(load, subject).requests[0]?.length ?? 0,
    variant: subject.variant ?? "",
    isCompressed: load.isCompressed === true,
  };
  const flags = load.name === "memory" ? ["--expose-gc"] : [];
  return [...flags, ...(subject.nodeArguments ?? []), join(__dirname, "servers", subject.server), JSON.stringify(task)];
}

async function askLoad(child: Child, request: Request): Promise<Answer> {
  const answer = await child.ask<Answer>(request, STEP_SECONDS);
  if (answer.type === "failed") throw new Error(answer.message);
  return answer;
}

async function runWindow(child: Child, seconds: number): Promise<Extract<Answer, { type: "ran" }>> {
  const answer = await askLoad(child, { type: "run", seconds });
  if (answer.type !== "ran") throw new Error(`unexpected answer of the load: ${answer.type}`);
  return answer;
}

export async function measure(load: Load, subject: Subject, options: CellOptions): Promise<Measurement> {
  const children: Child[] = [];
  try {
    options.onPhase("starting");
    const server = new Child(
      `the ${subject.title} server`,
      options.cores.server,
      serverArguments(load, subject, options),
    );
    children.push(server);
    const { port } = await server.ask<{ port: number }>(undefined, STEP_SECONDS);
    const task: Task = { load: load.name, subject: subject.name, port, clients: options.clients };
    const generator = new Child("the load generator", options.cores.load, [
      "--import",
      "tsx",
      join(__dirname, "load", "main.ts"),
      JSON.stringify(task),
    ]);
    children.push(generator);
    options.onPhase("connecting");
    await askLoad(generator, { type: "prepare" });
    options.onPhase("warming up");
    await runWindow(generator, load.kind === "open" ? 0 : options.warmSeconds);

    const isMemory = load.name === "memory";
    const sample = { type: "sample", settled: isMemory };
    if (options.profile !== undefined) await server.ask({ type: "profile-start" }, STEP_SECONDS);
    options.onPhase("measuring");
    const before = await server.ask<Sample>(sample, STEP_SECONDS);
    const ran = await runWindow(generator, options.seconds);
    const after = await server.ask<Sample>(sample, STEP_SECONDS);
    if (options.profile !== undefined) await server.ask({ type: "profile-stop", file: options.profile }, STEP_SECONDS);
    if (ran.messages === 0) throw new Error("nothing was measured");
    const cpu = after.cpu - before.cpu;
    return {
      value: (isMemory ? (after.rss - before.rss) / 1024 : cpu) / ran.messages,
      messages: ran.messages,
      perSecond: ran.messages / ran.seconds,
      p50: ran.p50,
      p99: ran.p99,
      rss: after.rss / 1024 / 1024,
      // Collecting garbage until the heap rests is no share of the load.
      serverBusy: isMemory ? undefined : cpu / 1e6 / ran.seconds,
      loadBusy: ran.cpu / 1e6 / ran.seconds,
    };
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}

// Test support: the example programs, in this process and as programs of their own, with npm's client at the other end.
import { type ChildProcess, spawn } from "node:child_process";
import type { Server as HttpServer } from "node:http";
import { fileURLToPath } from "node:url";
import { io as connect, type Socket } from "socket.io-client";
import { onTestFinished } from "vitest";
import { portOf } from "./scene.js";
import { inTime } from "./waiting.js";

interface ExampleApp {
  readonly server: HttpServer;
  close(): Promise<void>;
}

/** Listens on a free port of the loopback until the test ends. */
export async function listen(app: ExampleApp): Promise<string> {
  await new Promise<void>((resolve) => app.server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => app.close());
  return `http://127.0.0.1:${portOf(app.server)}`;
}

/** A stock client that has not connected yet, so that no event is missed; it goes when the test ends. */
export function visitor(url: string, options: Parameters<typeof connect>[1] = {}): Socket {
  const socket = connect(url, { forceNew: true, reconnection: false, autoConnect: false, ...options });
  onTestFinished(() => {
    socket.disconnect();
  });
  return socket;
}

/** Sends a request and resolves with its acknowledgement. */
export async function ask<T = { ok: boolean }>(socket: Socket, event: string, ...args: unknown[]): Promise<T> {
  return await socket.timeout(20_000).emitWithAck(event, ...args);
}

export interface RunningProgram {
  readonly child: ChildProcess;
  /** Everything written so far, both streams. */
  output(): string;
  /** Resolves with the first match in the output. */
  prints(pattern: RegExp): Promise<RegExpMatchArray>;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string | null>;
}

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a TypeScript program of the repository, from the root of the repository; it is ended when the test ends. */
export function runProgram(file: string, environment: Record<string, string> = {}): RunningProgram {
  const child = spawn(process.execPath, ["--import", "tsx", file], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let look = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      look();
    });
  }
  const ended = new Promise<number | string | null>((resolve) => {
    child.once("close", (code, signal) => {
      resolve(code ?? signal);
      look();
    });
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return {
    child,
    output: () => output,
    prints: (pattern) =>
      inTime(
        new Promise<RegExpMatchArray>((resolve, reject) => {
          look = () => {
            const match = output.match(pattern);
            if (match !== null) resolve(match);
            else if (child.exitCode !== null) reject(new Error(`${file} ended without ${pattern}: ${output}`));
          };
          look();
        }),
        () => `${file} to print ${pattern}; it printed: ${output}`,
        60_000,
      ),
    ended,
  };
}

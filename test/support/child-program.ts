// Test support: a program of `test/interop/fixtures` in a process of its own, and the lines that it writes.
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inTime, Ledger } from "./waiting.js";

export class ChildProgram {
  readonly lines: Ledger<string> = new Ledger<string>();
  readonly complaints: Ledger<string> = new Ledger<string>();
  /** Undefined while it runs. */
  exitCode: number | null | undefined = undefined;
  readonly exited: Promise<number | null>;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();

  constructor(fixture: string, ...args: string[]) {
    const file = fileURLToPath(new URL(`../interop/fixtures/${fixture}`, import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", file, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child = child;
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.add(line);
      for (const look of this.watchers) look();
    });
    createInterface({ input: child.stderr }).on("line", (line) => this.complaints.add(line));
    this.exited = new Promise((resolve) => {
      child.on("exit", (code) => {
        this.exitCode = code;
        resolve(code);
      });
    });
  }

  /** The first line is the port. */
  async port(): Promise<number> {
    const [line] = await this.lines.reaches(1, 60_000);
    return Number(line);
  }

  /** The first line that `isRight` accepts, now or later. */
  line(isRight: (line: string) => boolean, what: string): Promise<string> {
    let look = (): void => {};
    const found = new Promise<string>((resolve) => {
      look = () => {
        const line = this.lines.entries.find(isRight);
        if (line !== undefined) resolve(line);
      };
      this.watchers.add(look);
      look();
    });
    const seen = (): string =>
      `${what}; its last lines: ${this.lines.entries.slice(-3).join(" ")} ${this.complaints.entries.slice(-8).join("\n")}`;
    return inTime(found, seen).finally(() => this.watchers.delete(look));
  }

  kill(): void {
    this.child.kill("SIGKILL");
  }
}

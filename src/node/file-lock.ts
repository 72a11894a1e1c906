// node/ One process at a time: a file beside another that holds the id of the process that uses it.
import { open, readFile, rm } from "node:fs/promises";
import { VaivenError } from "../errors.js";

/** What this process holds: in a container every process may have the same id, and a lock that is left over may name this one. */
const held: Set<string> = new Set();

/** See above. A lock whose process is gone is taken over. */
export class FileLock {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @throws VaivenError `OUTBOX_LOCKED`, `OUTBOX_STORE_FAILED` */
  async take(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (held.has(this.path)) throw this.locked(process.pid);
      held.add(this.path);
      try {
        const handle = await open(this.path, "wx");
        await handle.writeFile(`${process.pid}\n`);
        await handle.close();
        return;
      } catch (cause) {
        held.delete(this.path);
        if ((cause as NodeJS.ErrnoException).code !== "EEXIST") {
          throw new VaivenError("OUTBOX_STORE_FAILED", `${this.path} cannot be made`, { cause });
        }
      }
      const owner = Number.parseInt(await readFile(this.path, "utf8").catch(() => ""), 10);
      if (attempt > 2 || isAlive(owner)) throw this.locked(owner);
      await rm(this.path, { force: true });
    }
  }

  async release(): Promise<void> {
    if (!held.delete(this.path)) return;
    await rm(this.path, { force: true });
  }

  private locked(owner: number): VaivenError {
    return new VaivenError(
      "OUTBOX_LOCKED",
      `process ${owner} has this outbox; if that is another program, remove ${this.path}`,
      { detail: { owner, path: this.path } },
    );
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

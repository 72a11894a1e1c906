// node/ The store of an outbox in a file (session/outbox-store.ts is the contract, outbox-file.ts the format).
//
// Appends are written and synced together: while one sync is under way, what comes meanwhile waits for the next. `append` and `attempt` are synced to the disk; what `remove` writes
// is not: if it is lost with the machine, its entries are sent again, and passed over by a server that has them. When less than half of the file is alive, the living part is
// written to a file beside it, synced, and renamed over it.
import { randomBytes } from "node:crypto";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { VaivenError } from "../errors.js";
import type { OutboxStore, StoredEntry, StoredEvent, StoredState } from "../session/outbox-store.js";
import { FileLock } from "./file-lock.js";
import {
  beginRecord,
  entryOf,
  entryRecord,
  type FileRecord,
  Kind,
  MAGIC,
  numberOf,
  numberRecord,
  readRecords,
  recordAt,
} from "./outbox-file.js";

/** A file smaller than this is not worth writing anew. */
const MIN_COMPACTION = 64 * 1024;

interface Place {
  readonly seq: number;
  readonly start: number;
  readonly length: number;
}

interface Write {
  readonly bytes: Buffer;
  readonly isSynced: boolean;
  /** It is written, and begins at `start`. Nothing else happens to the file before this returns. */
  done(start: number): void;
  fail(error: VaivenError): void;
}

/** See {@link fileStore}. */
class FileStore implements OutboxStore {
  private readonly path: string;
  private readonly lock: FileLock;
  private handle: FileHandle | undefined = undefined;
  private id = "";
  private places: Place[] = [];
  private next = 1;
  private attemptedSeq = 0;
  private removedSeq = 0;
  /** Bytes of the file, and of those that compaction would keep. */
  private size = 0;
  private alive = 0;
  private nextCompaction = MIN_COMPACTION;
  private writes: Write[] = [];
  private writing: Promise<void> | undefined = undefined;
  /** Entries whose append is under way: they count for the limit. */
  private coming = 0;

  constructor(path: string) {
    this.path = resolve(path);
    this.lock = new FileLock(`${this.path}.lock`);
  }

  async open(): Promise<StoredState> {
    await this.lock.take();
    try {
      // Read and write, made if there is none, and never emptied.
      const handle = await failing(openOrMake(this.path));
      this.handle = handle;
      const file = await failing(handle.readFile());
      const { records, end } = readRecords(file, this.path);
      for (const record of records) this.take(record);
      this.size = end;
      if (end < file.length) await failing(handle.truncate(end));
      if (this.id === "") {
        this.id = randomBytes(18).toString("base64url");
        await failing(handle.truncate(0));
        this.size = 0;
        await this.write(Buffer.concat([MAGIC, beginRecord(this.id)]), true, () => {});
        await syncFolder(this.path);
      }
      return { id: this.id, attempted: this.attemptedSeq };
    } catch (error) {
      await this.handle?.close();
      this.handle = undefined;
      await this.lock.release();
      throw error;
    }
  }

  async append(event: StoredEvent, maxEntries: number): Promise<number> {
    if (this.places.length + this.coming >= maxEntries) {
      throw new VaivenError("OUTBOX_FULL", `${maxEntries} events wait in ${this.path} already (maxEntries)`);
    }
    const seq = this.next++;
    const bytes = entryRecord(seq, event);
    this.coming++;
    try {
      await this.write(bytes, true, (start) => this.add(seq, start, bytes.length));
    } finally {
      this.coming--;
    }
    return seq;
  }

  async entries(after: number, limit: number): Promise<StoredEntry[]> {
    const found = this.places.filter(({ seq }) => seq > after).slice(0, limit);
    // Nothing moves between the places and the reads: they are asked for before the next write begins.
    return Promise.all(found.map(({ start, length }) => this.read(start, length)));
  }

  async count(): Promise<number> {
    return this.places.length;
  }

  async attempt(seq: number): Promise<void> {
    if (seq <= this.attemptedSeq) return;
    await this.write(numberRecord(Kind.ATTEMPT, seq), true, () => {
      this.attemptedSeq = Math.max(this.attemptedSeq, seq);
    });
  }

  async attempted(): Promise<number> {
    return this.attemptedSeq;
  }

  async remove(upTo: number): Promise<void> {
    if (this.places[0] === undefined || this.places[0].seq > upTo) return;
    await this.write(numberRecord(Kind.REMOVE, upTo), false, () => this.forget(upTo));
  }

  /** Nobody else has the file. */
  async lead(): Promise<void> {}

  watch(): void {}

  async close(): Promise<void> {
    await this.writing;
    const { handle } = this;
    this.handle = undefined;
    await handle?.close();
    await this.lock.release();
  }

  private take({ kind, start, end, content }: FileRecord): void {
    const length = end - start;
    if (kind === Kind.BEGIN) this.id = content.toString();
    else if (kind === Kind.ENTRY) {
      const seq = numberOf(content);
      this.add(seq, start, length);
      this.next = Math.max(this.next, seq + 1);
    } else if (kind === Kind.ATTEMPT) this.attemptedSeq = numberOf(content);
    else if (kind === Kind.REMOVE) {
      this.next = Math.max(this.next, numberOf(content) + 1);
      this.forget(numberOf(content));
    }
  }

  private add(seq: number, start: number, length: number): void {
    this.places.push({ seq, start, length });
    this.alive += length;
  }

  private forget(upTo: number): void {
    this.removedSeq = Math.max(this.removedSeq, upTo);
    while (this.places[0] !== undefined && this.places[0].seq <= upTo) this.alive -= this.places.shift()?.length ?? 0;
  }

  private async read(start: number, length: number): Promise<StoredEntry> {
    const bytes = Buffer.alloc(length);
    await failing(this.opened().read(bytes, 0, length, start));
    const record = recordAt(bytes, 0);
    if (record !== undefined) return entryOf(record.content);
    throw new VaivenError("OUTBOX_CORRUPT", `${this.path} was changed by somebody else at byte ${start}`);
  }

  private opened(): FileHandle {
    if (this.handle !== undefined) return this.handle;
    throw new VaivenError("OUTBOX_STORE_FAILED", `${this.path} is closed`);
  }

  /** Appends. */
  private write(bytes: Buffer, isSynced: boolean, apply: (start: number) => void): Promise<void> {
    return new Promise((resolve, fail) => {
      const done = (start: number): void => {
        apply(start);
        resolve();
      };
      this.writes.push({ bytes, isSynced, done, fail });
      this.writing ??= this.flush().then(() => {
        this.writing = undefined;
      });
    });
  }

  private async flush(): Promise<void> {
    while (this.writes.length > 0) {
      const group = this.writes.splice(0);
      const bytes = Buffer.concat(group.map((write) => write.bytes));
      const { size } = this;
      try {
        const handle = this.opened();
        await failing(writeAll(handle, bytes, size));
        if (group.some(({ isSynced }) => isSynced)) await failing(handle.datasync());
      } catch (error) {
        // What was written of it must not lie before what is written next.
        await this.handle?.truncate(size).catch(() => {});
        for (const { fail } of group) fail(error as VaivenError);
        continue;
      }
      this.size += bytes.length;
      let start = size;
      for (const write of group) {
        write.done(start);
        start += write.bytes.length;
      }
      if (this.size > this.nextCompaction && this.alive * 2 < this.size) await this.compact();
    }
  }

  /** Writes the living part to another file, and puts that in the place of this one. Where that fails the file goes on as it is. */
  private async compact(): Promise<void> {
    await this.rewrite().catch(() => {});
    this.nextCompaction = Math.max(MIN_COMPACTION, this.size * 2);
  }

  private async rewrite(): Promise<void> {
    const path = `${this.path}.new`;
    const old = this.opened();
    const made = await failing(open(path, "w+", 0o600));
    try {
      const parts = [MAGIC, beginRecord(this.id), numberRecord(Kind.ATTEMPT, this.attemptedSeq)];
      // Numbers go on where they were, also if nothing is left.
      parts.push(numberRecord(Kind.REMOVE, this.removedSeq));
      let size = parts.reduce((sum, part) => sum + part.length, 0);
      const places: Place[] = [];
      for (const { seq, start, length } of this.places) {
        const bytes = Buffer.alloc(length);
        await failing(old.read(bytes, 0, length, start));
        parts.push(bytes);
        places.push({ seq, start: size, length });
        size += length;
      }
      await failing(writeAll(made, Buffer.concat(parts), 0));
      await failing(made.datasync());
      await failing(rename(path, this.path));
      await syncFolder(this.path);
      this.handle = made;
      this.places = places;
      this.size = size;
    } catch (error) {
      await made.close();
      await rm(path, { force: true });
      throw error;
    }
    await old.close();
  }
}

/**
 * A store for {@link openOutbox} in a file, which is made if there is none. One process has it open at a time (a file `<path>.lock` says which); another one is refused with
 * `OUTBOX_LOCKED`. What was accepted is on the disk (`fdatasync`): it survives the end of the process, and of the machine as far as its disk keeps what it confirms.
 *
 * @param path - on a local disk; the folder must exist
 */
export function fileStore(path: string): OutboxStore {
  return new FileStore(path);
}

/** For reading and writing; never emptied. */
async function openOrMake(path: string): Promise<FileHandle> {
  await (await open(path, "a", 0o600)).close();
  return open(path, "r+");
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await handle.write(bytes, written, bytes.length - written, at + written)).bytesWritten;
  }
}

/** A new name is on the disk when its folder is. Windows cannot sync folders, and does not need to. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

async function failing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new VaivenError("OUTBOX_STORE_FAILED", `the outbox's file: ${message}`, { cause, detail: { code } });
  }
}

// browser/ The store of an outbox in IndexedDB (session/outbox-store.ts is the contract). All tabs of a site that use one name share one outbox: each may append,
// and the one that holds the lock (Web Locks) sends. Where there are no Web Locks each sends, and the server passes over what it has.
import { VaivenError } from "../errors.js";
import type { OutboxStore, StoredEntry, StoredEvent, StoredState } from "../session/outbox-store.js";

const ENTRIES = "entries";
const STATE = "state";

/** What is used of Web Locks, which are younger than the oldest browsers that we serve. */
interface Locks {
  request(name: string, options: { signal: AbortSignal }, held: () => Promise<void>): Promise<void>;
}

/** See {@link indexedDbStore}. */
class IndexedDbStore implements OutboxStore {
  private readonly name: string;
  private readonly factory: IDBFactory | undefined;
  private database: IDBDatabase | undefined = undefined;
  private channel: BroadcastChannel | undefined = undefined;
  private unlock: () => void = () => {};

  constructor(name: string, factory: IDBFactory | undefined) {
    this.name = `vaiven-outbox:${name}`;
    this.factory = factory;
  }

  async open(): Promise<StoredState> {
    const { name, factory } = this;
    if (factory === undefined) throw new VaivenError("OUTBOX_STORE_FAILED", "there is no IndexedDB here");
    this.database = await new Promise<IDBDatabase>((resolve, reject) => {
      let request: IDBOpenDBRequest;
      try {
        request = factory.open(name, 1);
      } catch (cause) {
        reject(failed(cause));
        return;
      }
      request.onupgradeneeded = () => {
        // Numbers are the database's: they are given once, by whichever tab.
        request.result.createObjectStore(ENTRIES, { keyPath: "seq", autoIncrement: true });
        request.result.createObjectStore(STATE).put(newId(), "id");
      };
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(failed(request.error));
    });
    // Whoever removes the database does not wait for this page.
    this.database.onversionchange = () => this.database?.close();
    if (typeof BroadcastChannel === "function") this.channel = new BroadcastChannel(name);
    const [id, attempted = 0] = await this.run("readonly", (_entries, state) => [
      state.get("id"),
      state.get("attempted"),
    ]);
    return { id: id as string, attempted: attempted as number };
  }

  async append({ text, bytes }: StoredEvent, maxEntries: number): Promise<number> {
    // Views of larger buffers would take those with them.
    const event = { text, bytes: bytes.map((part) => part.slice()) };
    let isFull = false;
    const [seq] = await this.run("readwrite", (entries, _state, transaction) => {
      const request = entries.count();
      const added: { result: unknown } = { result: undefined };
      request.onsuccess = () => {
        isFull = request.result >= maxEntries;
        if (isFull) transaction.abort();
        else {
          const add = entries.add(event);
          add.onsuccess = () => {
            added.result = add.result;
          };
        }
      };
      return [added];
    }).catch((error: unknown) => {
      if (isFull)
        throw new VaivenError("OUTBOX_FULL", `${maxEntries} events wait in ${this.name} already (maxEntries)`);
      throw error;
    });
    this.channel?.postMessage("appended");
    return seq as number;
  }

  async entries(after: number, limit: number): Promise<StoredEntry[]> {
    const [found] = await this.run("readonly", (entries) => [
      entries.getAll(IDBKeyRange.lowerBound(after, true), limit),
    ]);
    return found as StoredEntry[];
  }

  async count(): Promise<number> {
    const [count] = await this.run("readonly", (entries) => [entries.count()]);
    return count as number;
  }

  async attempt(seq: number): Promise<void> {
    await this.run("readwrite", (_entries, state) => {
      const request = state.get("attempted");
      request.onsuccess = () => {
        if (!(request.result >= seq)) state.put(seq, "attempted");
      };
      return [];
    });
  }

  async attempted(): Promise<number> {
    const [attempted = 0] = await this.run("readonly", (_entries, state) => [state.get("attempted")]);
    return attempted as number;
  }

  async remove(upTo: number): Promise<void> {
    await this.run("readwrite", (entries) => [entries.delete(IDBKeyRange.upperBound(upTo))]);
  }

  lead(): Promise<void> {
    const { locks } = (typeof navigator === "undefined" ? {} : navigator) as { locks?: Locks };
    if (locks === undefined || typeof AbortController !== "function") return Promise.resolve();
    const aborter = new AbortController();
    return new Promise((resolve) => {
      // Held until the store is closed, or its page is gone.
      const held = (): Promise<void> =>
        new Promise((release) => {
          this.unlock = release;
          resolve();
        });
      this.unlock = () => aborter.abort();
      locks.request(this.name, { signal: aborter.signal }, held).catch(() => {});
    });
  }

  watch(fn: () => void): void {
    if (this.channel !== undefined) this.channel.onmessage = fn;
  }

  async close(): Promise<void> {
    this.unlock();
    this.channel?.close();
    this.database?.close();
    this.database = undefined;
  }

  /** One transaction: resolves with the results of the requests once it is on the disk. */
  private run(
    mode: IDBTransactionMode,
    ask: (entries: IDBObjectStore, state: IDBObjectStore, transaction: IDBTransaction) => { result: unknown }[],
  ): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      const { database } = this;
      if (database === undefined) throw new VaivenError("OUTBOX_STORE_FAILED", `${this.name} is closed`);
      try {
        // Chromium has given up syncing by itself; browsers that do not know the option do sync.
        const transaction = database.transaction([ENTRIES, STATE], mode, { durability: "strict" });
        const requests = ask(transaction.objectStore(ENTRIES), transaction.objectStore(STATE), transaction);
        transaction.oncomplete = () => resolve(requests.map(({ result }) => result));
        transaction.onabort = () => reject(failed(transaction.error));
      } catch (cause) {
        reject(failed(cause));
      }
    });
  }
}

/**
 * A store for {@link openOutbox} in the browser's IndexedDB. Tabs of one origin that give the same name share one outbox: what any of them has accepted is sent, by one of them,
 * or by the next one that is opened.
 *
 * What was accepted is on the disk, as far as the browser promises that. Browsers may remove the data of a site when the disk is full, unless it has
 * asked for `navigator.storage.persist()`, and when the user wishes it; data of private windows goes with them.
 *
 * @param name - tells several outboxes of one origin apart. Default: `default`
 */
export function indexedDbStore(name: string = "default"): OutboxStore {
  return new IndexedDbStore(name, typeof indexedDB === "undefined" ? undefined : indexedDB);
}

function failed(cause: unknown): VaivenError {
  return new VaivenError("OUTBOX_STORE_FAILED", `IndexedDB: ${String(cause)}`, { cause });
}

function newId(): string {
  let id = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(18))) id += (byte + 256).toString(16).slice(1);
  return id;
}

// session/ contract: where the events of an outbox lie until a server has them. browser/ implements it on IndexedDB, node/ on a file.

/** An event that was accepted, as it travels. */
export interface StoredEvent {
  /** The packet without its attachments: `42["order",{"id":7}]`. */
  readonly text: string;
  /** Its attachments, in order. */
  readonly bytes: readonly Uint8Array[];
}

/** An event in the store. */
export interface StoredEntry extends StoredEvent {
  /** Its place: the first one is 1, each later one has a higher number, and no number is given twice, also when entries were removed and the process ended. */
  readonly seq: number;
}

/** What was known of an outbox when it was opened. */
export interface StoredState {
  /** Its name towards servers: made once with the store, and hard to guess, since who knows it can make a server pass over its events. */
  readonly id: string;
  /** Entries up to this one may have been sent. */
  readonly attempted: number;
}

/**
 * A place that outlives the process. One outbox uses it, in one program or, where the implementation says so, in several at once (the tabs of a site).
 *
 * Every promise resolves when its effect would survive the end of the *process* at that moment, and those of {@link append} and {@link attempt} when it would survive the end
 * of the *machine*, as far as the implementation promises that. What was interrupted has happened wholly or not at all.
 * A promise that rejects has had no effect; the error is a VaivenError `OUTBOX_STORE_FAILED` with the cause, `OUTBOX_FULL`, `OUTBOX_LOCKED` or `OUTBOX_CORRUPT`.
 *
 * The order of calls is {@link open}, then any others, also several at once, then {@link close}. The outbox calls {@link entries}, {@link attempt} and {@link remove} only
 * while it {@link lead}s. Nothing is called after `close`, and nothing that is under way then needs to be finished.
 */
export interface OutboxStore {
  /** Reads what there is, or begins. */
  open(): Promise<StoredState>;
  /** Adds an event behind all others, and gives its number. Refuses with `OUTBOX_FULL` if `maxEntries` are there already. */
  append(event: StoredEvent, maxEntries: number): Promise<number>;
  /** The oldest entries behind number `after`, in order, at most `limit`. */
  entries(after: number, limit: number): Promise<StoredEntry[]>;
  /** How many entries there are. */
  count(): Promise<number>;
  /** Notes that entries up to `seq` are about to be sent: {@link StoredState.attempted}. */
  attempt(seq: number): Promise<void>;
  /** What {@link attempt} has noted last, by whichever program. */
  attempted(): Promise<number>;
  /** A server has the entries up to `seq`. */
  remove(upTo: number): Promise<void>;
  /** Resolves when this program is the one that sends: at once, or when the one that did has ended. */
  lead(): Promise<void>;
  /** Calls `fn` when another program has appended something. */
  watch(fn: () => void): void;
  close(): Promise<void>;
}

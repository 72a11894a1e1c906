// Example: a bounded log with ids, from which someone who was away gets the rest.

export interface Missed<T> {
  entries: T[];
  /** False if entries between the last one seen and the first one here have already been let go. */
  complete: boolean;
}

export class History<T extends { id: number }> {
  #entries: T[] = [];
  #lastId = 0;
  readonly #limit: number;

  /** @param limit how many entries are kept; the oldest go first. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Adds an entry under the next id and returns it. */
  add(make: (id: number) => T): T {
    this.#lastId += 1;
    const entry = make(this.#lastId);
    this.#entries.push(entry);
    if (this.#entries.length > this.#limit) this.#entries.shift();
    return entry;
  }

  find(matches: (entry: T) => boolean): T | undefined {
    return this.#entries.findLast(matches);
  }

  /** What came after `lastSeen` (0: everything that is kept), oldest first. */
  since(lastSeen: number): Missed<T> {
    const entries = this.#entries.filter((entry) => entry.id > lastSeen);
    return { entries, complete: entries.length === Math.max(0, this.#lastId - lastSeen) };
  }
}

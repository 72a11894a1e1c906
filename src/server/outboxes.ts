// server/ What was taken of the outboxes of our clients (client/outbox.ts), so that what they send again is taken once.

/** One outbox. */
export interface OutboxRecord {
  /** The number of the last entry that was taken. */
  last: number;
  /** Entries up to this one may have been taken by a server before this one. */
  readonly doubtful: number;
}

/** The outboxes that one server knows. */
export class Outboxes {
  /** In the order in which they were last seen. */
  private readonly records: Map<string, OutboxRecord> = new Map();
  private readonly most: number;

  /** Of more than `most` those that were seen longest ago go, and what was under way from them may be taken twice, which both ends are told. */
  constructor(most: number) {
    this.most = most;
  }

  /** The outbox `id` of a namespace; of one that is not known entries up to `attempted` may have been sent to somebody else. */
  meet(namespace: string, id: string, attempted: number): OutboxRecord {
    const { records } = this;
    const key = `${namespace},${id}`;
    const record = records.get(key) ?? { last: 0, doubtful: attempted };
    records.delete(key);
    records.set(key, record);
    if (records.size > this.most) {
      for (const oldest of records.keys()) {
        records.delete(oldest);
        break;
      }
    }
    return record;
  }
}

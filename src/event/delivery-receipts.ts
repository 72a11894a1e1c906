// event/ The receiving half of acknowledged delivery (ARCHITECTURE.md, "Between our own two ends"): counts, and says when to tell the other end.

/**
 * As many unconfirmed packets are confirmed with the next packet that leaves anyway: that costs neither end a turn of its own. A client confirms sooner:
 * what a server keeps for its clients is what its collector moves, while a confirmation that it writes itself costs it more than one that it reads.
 */
export const CONFIRM_ALONG = { client: 32, server: 64 } as const;

/** And as many in any case. More than above, because to a server it is a read for nothing: a thousand clients that listen to a broadcast would each answer it. */
export const CONFIRM_ALONE = 1024;

/** Milliseconds after which fewer are. Long, because a confirmation only spares memory: who waits for one asks for it. */
export const CONFIRM_MS = 5000;

/** What to do after a packet. */
export const Due = {
  /** A confirmation is under way already. */
  NOTHING: 0,
  /** It is the first unconfirmed one: confirm in {@link CONFIRM_MS}. */
  LATER: 1,
  /** With what is sent next. */
  ALONG: 2,
  NOW: 3,
} as const;
export type Due = (typeof Due)[keyof typeof Due];

/** The packets of one direction, as their receiver counts them. */
export class DeliveryReceipts {
  /** How many were received. */
  received = 0;
  private told = 0;
  private readonly along: number;

  /** `along`: see {@link CONFIRM_ALONG}. */
  constructor(along: number) {
    this.along = along;
  }

  /** Whether it is worth while to confirm with what is sent now. */
  get isDueAlong(): boolean {
    return this.received - this.told >= this.along;
  }

  /** One packet came. */
  add(): Due {
    const unconfirmed = ++this.received - this.told;
    if (unconfirmed === 1) return Due.LATER;
    if (unconfirmed === this.along) return Due.ALONG;
    return unconfirmed >= CONFIRM_ALONE ? Due.NOW : Due.NOTHING;
  }

  /** The other end leaves out `count` packets. False, and nothing done, if no end can have sent so many. */
  skip(count: number): boolean {
    if (!Number.isSafeInteger(this.received + count)) return false;
    this.received += count;
    this.told += count;
    return true;
  }

  /** The number to tell the other end, which from now on counts as told. */
  confirm(): number {
    this.told = this.received;
    return this.received;
  }
}

// session/ How long to wait before the next attempt: exponential, with jitter so that clients do not return together.

export interface BackoffOptions {
  /** First delay, in milliseconds. */
  readonly min: number;
  /** Longest delay, in milliseconds. */
  readonly max: number;
  /** Growth from one attempt to the next. Default: 2. */
  readonly factor?: number;
  /** 0 to 1: how far a delay may lie from its nominal value, either way. */
  readonly jitter: number;
}

/** The delays of a series of attempts. */
export class Backoff {
  /** Delays given since the last {@link reset}. */
  attempts = 0;
  /** May be changed between attempts. */
  options: BackoffOptions;
  private readonly random: () => number;

  /** `random` gives numbers in [0, 1). */
  constructor(options: BackoffOptions, random: () => number) {
    this.options = options;
    this.random = random;
  }

  /** The next delay in milliseconds: a whole number, never above `max`. */
  next(): number {
    const { min, max, factor = 2, jitter } = this.options;
    // The nominal value is capped before jitter is applied and after: a huge attempt count must not become Infinity * 0.
    const nominal = Math.min(max, min * factor ** Math.min(this.attempts++, 64));
    return Math.round(Math.min(max, Math.max(0, nominal * (1 + jitter * (2 * this.random() - 1)))));
  }

  reset(): void {
    this.attempts = 0;
  }
}

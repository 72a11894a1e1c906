// session/ How long to wait before the next attempt: exponential, with jitter so that clients do not return together.

/**
 * Milliseconds to wait before attempt `attempt`, the first of which is 0: a whole number, never above `max`.
 *
 * @param min - the first delay, which doubles from one attempt to the next
 * @param jitter - 0 to 1: how far a delay may lie from its nominal value, either way
 * @param random - from 0 up to 1: where it lies
 */
export function backoffDelay(attempt: number, min: number, max: number, jitter: number, random: number): number {
  // The nominal value is capped before jitter is applied and after: a huge attempt count must not become Infinity * 0.
  const nominal = Math.min(max, min * 2 ** Math.min(attempt, 64));
  return Math.round(Math.min(max, nominal * (1 + jitter * (2 * random - 1))));
}

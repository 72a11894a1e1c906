// Example: how many events a connection may send. A full bucket allows a burst, and it refills at a steady rate.

const BURST = 20;
const PER_SECOND = 5;

/** Returns a function that says whether one more event is within the rate. */
export function rateLimit(now: () => number = Date.now): () => boolean {
  let left = BURST;
  let last = now();
  return () => {
    const time = now();
    left = Math.min(BURST, left + ((time - last) / 1000) * PER_SECOND);
    last = time;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
}

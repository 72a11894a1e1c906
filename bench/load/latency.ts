// Load generator: latency samples of the measured window, in milliseconds.

const MOST = 200_000;

export class Latency {
  #samples = new Float64Array(MOST);
  #count = 0;

  add(milliseconds: number): void {
    // Far more than the loads yield; beyond it the later ones stand for the earlier ones.
    this.#samples[this.#count % MOST] = milliseconds;
    this.#count++;
  }

  clear(): void {
    this.#count = 0;
  }

  /** The values below which the given shares of the samples lie; undefined without samples. */
  quantiles(shares: readonly number[]): (number | undefined)[] {
    const sorted = this.#samples.slice(0, Math.min(this.#count, MOST)).sort();
    return shares.map((share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]);
  }
}

// Test support: random numbers that a seed repeats (xorshift, 32 bits).

export interface Random {
  readonly seed: number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** True in `share` of the calls. */
  chance(share: number): boolean;
}

/** A seed from the environment (`SEED=…` repeats a failure), or a new one. */
export function seedOfThisRun(): number {
  const given = Number(process.env["SEED"]);
  return Number.isInteger(given) && given > 0 ? given : Math.ceil(Math.random() * 0x7fffffff);
}

export function seeded(seed: number): Random {
  let state = seed | 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
  for (let warm = 0; warm < 8; warm++) next();
  return {
    seed,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    chance: (share) => next() < share,
  };
}

// Deterministic mutations of bytes: the same seed gives the same inputs, so that a failure can be run again.

/** Marsaglia's xorshift with 32 bits: small, and good enough to choose mutations with. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 0x9e3779b9;
  }

  /** A whole number from 0 to `below` - 1. */
  next(below: number): number {
    let state = this.state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state >>> 0;
    return this.state % below;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.next(list.length)];
    if (picked === undefined) throw new RangeError("nothing to pick from");
    return picked;
  }
}

const INTERESTING = [0x00, 0x01, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0x82, 0x88, 0x89, 0xc0, 0xc1, 0xed, 0xf4, 0xfe, 0xff];
const LONGEST = 4096;

type Mutation = (bytes: number[], random: Random, seeds: readonly Uint8Array[]) => void;

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    if (bytes.length > 0) {
      const at = random.next(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.next(8));
    }
  },
  function overwrite(bytes, random) {
    if (bytes.length > 0) {
      bytes[random.next(bytes.length)] = random.next(2) === 0 ? random.pick(INTERESTING) : random.next(256);
    }
  },
  function insert(bytes, random) {
    const count = 1 + random.next(8);
    const at = random.next(bytes.length + 1);
    bytes.splice(at, 0, ...Array.from({ length: count }, () => random.pick(INTERESTING)));
  },
  function remove(bytes, random) {
    bytes.splice(random.next(bytes.length + 1), 1 + random.next(8));
  },
  function repeat(bytes, random) {
    const start = random.next(bytes.length + 1);
    const piece = bytes.slice(start, start + 1 + random.next(32));
    const times = 1 + random.next(6);
    for (let time = 0; time < times; time++) bytes.splice(start, 0, ...piece);
  },
  function cut(bytes, random) {
    bytes.length = random.next(bytes.length + 1);
  },
  function addSeed(bytes, random, seeds) {
    bytes.push(...random.pick(seeds));
  },
  function insertSeed(bytes, random, seeds) {
    bytes.splice(random.next(bytes.length + 1), 0, ...random.pick(seeds));
  },
];

/** A new input by bytes: one of the seeds with a few mutations. */
function mutateBytes(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const bytes = [...random.pick(seeds)];
  for (let count = random.next(6); count >= 0; count--) random.pick(MUTATIONS)(bytes, random, seeds);
  return Uint8Array.from(bytes.slice(0, LONGEST));
}

type PartMutation = (parts: Uint8Array[], random: Random, others: readonly Uint8Array[]) => void;

const PART_MUTATIONS: readonly PartMutation[] = [
  function leaveOut(parts, random) {
    parts.splice(random.next(parts.length), 1);
  },
  function twice(parts, random) {
    const at = random.next(parts.length);
    parts.splice(at, 0, ...parts.slice(at, at + 1 + random.next(3)));
  },
  function swap(parts, random) {
    const [one, other] = [random.next(parts.length), random.next(parts.length)];
    const part = parts[one];
    if (part === undefined || parts[other] === undefined) return;
    parts[one] = parts[other];
    parts[other] = part;
  },
  function takeIn(parts, random, others) {
    parts.splice(random.next(parts.length + 1), 0, random.pick(others));
  },
  function goOnAs(parts, random, others) {
    const from = random.next(others.length);
    parts.splice(random.next(parts.length + 1), parts.length, ...others.slice(from, from + 1 + random.next(12)));
  },
  function changeOne(parts, random, others) {
    const at = random.next(Math.max(1, parts.length));
    parts[at] = mutateBytes([parts[at] ?? random.pick(others)], random);
  },
];

const partsOf = new WeakMap<readonly Uint8Array[], readonly Uint8Array[]>();

/** A new input by structure: the parts of one of the seeds, in another order, left out, doubled, joined by those of others, and at times changed inside. */
function mutateParts(seeds: readonly Uint8Array[], random: Random, separator: number): Uint8Array {
  let others = partsOf.get(seeds);
  if (others === undefined) {
    others = seeds.flatMap((seed) => split(seed, separator));
    partsOf.set(seeds, others);
  }
  const parts = split(random.pick(seeds), separator);
  for (let count = random.next(5); count >= 0; count--) random.pick(PART_MUTATIONS)(parts, random, others);
  const joined = parts.flatMap((part) => [part, Uint8Array.of(separator)]);
  return Uint8Array.from(Buffer.concat(joined).subarray(0, LONGEST));
}

function split(bytes: Uint8Array, separator: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(separator, at);
    const stop = end === -1 ? bytes.length : end;
    parts.push(bytes.subarray(at, stop));
    at = stop + 1;
  }
  return parts;
}

/** A new input: by bytes, or where the target's inputs have parts, every other time by structure. */
export function mutate(seeds: readonly Uint8Array[], random: Random, separator?: number): Uint8Array {
  return separator === undefined || random.next(2) === 0
    ? mutateBytes(seeds, random)
    : mutateParts(seeds, random, separator);
}

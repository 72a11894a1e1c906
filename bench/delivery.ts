// Benchmarks: what acknowledged delivery costs the server, vaivén at both ends, with it and without it. Rounds are interleaved, and compared in pairs.
import { type CellOptions, measure } from "./cell.js";
import { LOADS, type Load, type OwnEnds, SUBJECTS } from "./loads.js";
import { figure, median } from "./outcome.js";

/** Those of docs: one message in flight and many, to one and to a thousand. */
const DEFAULT_LOADS = ["echo-1", "echo-16", "fanout-1", "fanout-8"];
const ORDERS: readonly (readonly OwnEnds[])[] = [
  ["own-ends", "delivery"],
  ["delivery", "own-ends"],
];

export interface DeliveryCostOptions extends Omit<CellOptions, "clients" | "onPhase"> {
  readonly names: readonly string[];
  readonly rounds: number;
  readonly clientsFor: (load: Load) => number;
}

/** Measures and prints. */
export async function deliveryCost({ names, rounds, clientsFor, ...options }: DeliveryCostOptions): Promise<void> {
  const wanted = names.length > 0 ? names : DEFAULT_LOADS;
  for (const name of wanted) {
    if (!LOADS.some((load) => load.name === name)) throw new Error(`unknown load "${name}"`);
  }
  const line = (cells: readonly string[]): string =>
    `${(cells[0] ?? "").padEnd(14)}${cells
      .slice(1)
      .map((cell) => cell.padStart(16))
      .join("")}\n`;
  process.stdout.write(line(["load", "without", "with", "unit", "more", "lowest", "highest"]));
  for (const load of LOADS.filter(({ name }) => wanted.includes(name))) {
    const costs: Record<OwnEnds, number[]> = { "own-ends": [], delivery: [] };
    for (let round = 0; round < rounds; round++) {
      for (const subject of ORDERS[round % 2] ?? []) {
        process.stderr.write(`${load.name}, round ${round + 1} of ${rounds}: ${SUBJECTS[subject].title}\n`);
        const measured = await measure(load, SUBJECTS[subject], {
          ...options,
          clients: clientsFor(load),
          onPhase: () => {},
        });
        costs[subject].push(measured.value);
      }
    }
    // The two of one round share the machine's mood: their quotient says more than that of the medians.
    const more = costs.delivery.map((cost, round) => cost / (costs["own-ends"][round] ?? cost) - 1);
    const share = (value: number | undefined): string => (value === undefined ? "–" : `${(value * 100).toFixed(1)}%`);
    process.stdout.write(
      line([
        load.name,
        figure(median(costs["own-ends"])),
        figure(median(costs.delivery)),
        load.unit,
        share(median(more)),
        share(Math.min(...more)),
        share(Math.max(...more)),
      ]),
    );
  }
  process.stdout.write(
    `\nServer CPU, user and system; medians of ${rounds} pairs of ${options.seconds} s. The aim: below 3%.\n`,
  );
}

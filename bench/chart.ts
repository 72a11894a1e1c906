// Benchmarks: the chart of the loads: how many times less than socket.io the server spends, on a scale of ratios.
import { figure, type Row, ratioOf, type Summary, summarise } from "./outcome.js";
import { colourClass, line, logScale, picture, text } from "./svg.js";

const WIDTH = 990;
const LEFT = 288;
const RIGHT = WIDTH - 236;
const TOP = 104;
const ROW = 38;
const BAR = 14;

interface Entry {
  readonly name: string;
  readonly summary: Summary;
  readonly ratio: number;
}

function entriesOf(row: Row): Entry[] {
  return row.cells.flatMap(({ subject, rounds }) => {
    const summary = summarise(rounds);
    const ratio = summary === undefined ? undefined : ratioOf(row, summary);
    return summary === undefined || ratio === undefined ? [] : [{ name: subject.name, summary, ratio }];
  });
}

function diamond(x: number, y: number, size: number, kind: string, width: number): string {
  const points = [`${x},${y - size}`, `${x + size},${y}`, `${x},${y + size}`, `${x - size},${y}`].join(" ");
  return `<polygon points="${points}" class="${kind}" stroke-width="${width}"/>`;
}

/** The marks of the subjects beside the bar, each on a rim of the page's colour. */
function mark(name: string, x: number, y: number): string {
  const colour = colourClass(name);
  const at = Number(x.toFixed(1));
  if (name === "net") return diamond(at, y, 6, "hollow halo", 6) + diamond(at, y, 6, `hollow ${colour}-line`, 2);
  const fill = name === "socket.io-lean" ? "hollow" : colour;
  const circle = (kind: string, width: number): string =>
    `<circle cx="${at}" cy="${y}" r="5" class="${kind}" stroke-width="${width}"/>`;
  return circle("hollow halo", 6) + circle(`${fill} ${colour}-line`, 2);
}

function legend(present: ReadonlySet<string>): string[] {
  const y = 74;
  const parts = [
    `<rect x="16" y="${y - 10}" width="24" height="12" rx="3" class="${colourClass("vaiven")}"/>`,
    text(46, y, "vaivén", { bold: true }),
    line(116, y - 11, 116, y + 3, "ink", ' stroke-width="2"'),
    text(124, y, "the aim"),
  ];
  let x = 196;
  for (const [name, label] of [
    ["ws", "bare ws, no protocol above it"],
    ["net", "node:net, no protocol at all"],
    ["socket.io-lean", "socket.io, request = null"],
  ] as const) {
    if (!present.has(name)) continue;
    parts.push(mark(name, x, y - 4), text(x + 12, y, label));
    x += 40 + label.length * 6.4;
  }
  return parts;
}

export function chart(rows: readonly Row[], caption: string): string {
  const drawn = rows.map((row) => ({ row, entries: entriesOf(row) }));
  const ratios = drawn.flatMap(({ row, entries }) => [row.load.target ?? 1, ...entries.map(({ ratio }) => ratio)]);
  const low = Math.min(1, ...ratios) < 1 ? 0.5 : 1;
  const scale = logScale(low, Math.max(10, ...ratios) * 1.08, LEFT, RIGHT, [1, 2, 5]);
  const bottom = TOP + drawn.length * ROW;
  const parts = [
    text(16, 30, "How many times less than socket.io the server spends", { size: 18, bold: true }),
    text(16, 49, caption, { class: "muted", size: 11 }),
    ...legend(new Set(drawn.flatMap(({ entries }) => entries.map(({ name }) => name)))),
    text(RIGHT + 126, TOP - 14, "vaivén", { anchor: "end", size: 11, bold: true }),
    text(RIGHT + 190, TOP - 14, "socket.io", { anchor: "end", size: 11, class: "muted" }),
  ];
  for (const tick of scale.ticks) {
    const x = scale.at(tick);
    parts.push(line(x, TOP - 8, x, bottom, tick === 1 ? "axis" : "grid"));
    parts.push(
      text(x, TOP - 14, tick === 1 ? "socket.io" : `${tick}×`, { anchor: "middle", size: 11, class: "muted" }),
    );
  }
  for (const [index, { row, entries }] of drawn.entries()) {
    const y = TOP + index * ROW + ROW / 2;
    const ours = entries.find(({ name }) => name === "vaiven");
    const theirs = entries.find(({ name }) => name === "socket.io");
    parts.push(text(16, y + 4, row.load.title, { size: 12.5 }));
    if (ours !== undefined) {
      const [start, end] = [scale.at(1), scale.at(ours.ratio)];
      const [x, width] = [Math.min(start, end), Math.max(1, Math.abs(end - start))];
      parts.push(
        `<rect x="${x.toFixed(1)}" y="${y - BAR / 2}" width="${width.toFixed(1)}" height="${BAR}" rx="3" class="${colourClass("vaiven")}"/>`,
      );
    }
    for (const { name, ratio } of entries) {
      if (name !== "vaiven" && name !== "socket.io") parts.push(mark(name, scale.at(ratio), y));
    }
    if (row.load.target !== undefined) {
      const aim = scale.at(row.load.target);
      parts.push(line(aim, y - BAR / 2 - 3, aim, y + BAR / 2 + 3, "ink", ' stroke-width="2"'));
    }
    const costs = { anchor: "end", size: 12 } as const;
    if (ours !== undefined) {
      parts.push(text(RIGHT + 62, y + 4, `${figure(ours.ratio)}×`, { anchor: "end", size: 14, bold: true }));
      parts.push(text(RIGHT + 126, y + 4, figure(ours.summary.value), costs));
    }
    if (theirs !== undefined) {
      parts.push(text(RIGHT + 190, y + 4, figure(theirs.summary.value), { ...costs, class: "muted" }));
    }
    parts.push(text(RIGHT + 196, y + 4, row.load.unit.split("/")[0] ?? "", { size: 11, class: "muted" }));
  }
  const foot =
    "Server CPU per message or connection; resident memory for idle connections. Longer is better; the scale is logarithmic.";
  parts.push(text(16, bottom + 22, foot, { class: "muted", size: 11 }));
  return picture(WIDTH, bottom + 36, "Server cost compared with socket.io", parts);
}

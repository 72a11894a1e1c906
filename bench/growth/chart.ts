// Growth benches: the chart. A panel a question, lines that should be level; a cost that grows with its receivers is a straight line on two logarithmic axes.
import type { SubjectName } from "../loads.js";
import { figure } from "../outcome.js";
import { colourClass, escaped, line, linearScale, logScale, picture, type Scale, short, text } from "../svg.js";
import { type Finding, PANELS, type PanelName, STEPS, TITLES } from "./findings.js";

const COLUMNS = 3;
const CELL = { width: 334, height: 262 };
const LEFT = 56;
const TOP = 68;
const PLOT = { left: 40, top: 50, right: 104, bottom: 44 };
const WIDTH = 16 + COLUMNS * CELL.width;
/** Between the names at the ends of two lines. */
const NAME_HEIGHT = 14;

const ORDER: readonly (SubjectName | (typeof STEPS)[number])[] = ["net", "socket.io", "vaiven", ...STEPS];
const STEP_COLOURS = ["vaiven", "second", "third", "fourth", "fifth", "sixth"] as const;

function colourOf(name: string): string {
  const step = (STEPS as readonly string[]).indexOf(name);
  return colourClass(step < 0 ? name : (STEP_COLOURS[step] ?? "vaiven"));
}

interface Line {
  readonly name: string;
  readonly points: readonly Finding[];
}

function linesOf(findings: readonly Finding[], panel: PanelName): Line[] {
  return ORDER.flatMap((name) => {
    const points = findings.filter((each) => each.panel === panel && each.line === name).sort((a, b) => a.x - b.x);
    return points.length === 0 ? [] : [{ name, points }];
  });
}

/** Names stand at the ends of their lines, moved apart where these meet. */
function placed(ends: readonly { readonly name: string; readonly y: number }[]): Map<string, number> {
  const places = new Map<string, number>();
  let last = Number.NEGATIVE_INFINITY;
  for (const { name, y } of [...ends].sort((a, b) => a.y - b.y)) {
    last = Math.max(y, last + NAME_HEIGHT);
    places.set(name, last);
  }
  // What was pushed beyond the last end goes back as a block.
  const over = Math.max(0, last - Math.max(...ends.map(({ y }) => y)) - NAME_HEIGHT);
  return new Map([...places].map(([name, y]) => [name, y - over / 2]));
}

interface Frame {
  readonly x: Scale;
  readonly y: Scale;
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
}

/** What decides the scales of a panel: the steps of both libraries stand on the same. */
function comparable(findings: readonly Finding[], panel: PanelName): Finding[] {
  const panels: readonly PanelName[] =
    panel === "stepsOfSocketIo" || panel === "steps" ? ["steps", "stepsOfSocketIo"] : [panel];
  return findings.filter((each) => panels.includes(each.panel));
}

function frameOf(findings: readonly Finding[], panel: PanelName, left: number, top: number): Frame {
  const right = left + CELL.width - PLOT.left - PLOT.right;
  const bottom = top + CELL.height - PLOT.top - PLOT.bottom;
  const compared = comparable(findings, panel);
  const xs = compared.map(({ x }) => x);
  const ys = compared.map(({ y }) => y);
  const x = logScale(Math.min(...xs), Math.max(...xs, Math.min(...xs) * 10), left, right, [1]);
  const low = 10 ** Math.floor(Math.log10(Math.min(...ys)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...ys)));
  const y = PANELS[panel].isLogarithmic
    ? logScale(low, high, bottom, top, [1])
    : linearScale(Math.max(...ys) * 1.05, bottom, top);
  return { x, y, left, right, bottom };
}

function grid({ x, y, left, right, bottom }: Frame): string[] {
  return [
    ...y.ticks.flatMap((tick) => [
      line(left, y.at(tick), right, y.at(tick), "grid"),
      text(left - 6, y.at(tick) + 4, short(tick), { anchor: "end", size: 10.5, class: "muted" }),
    ]),
    ...x.ticks.map((tick) =>
      text(x.at(tick), bottom + 15, short(tick), { anchor: "middle", size: 10.5, class: "muted" }),
    ),
    line(left, bottom, right, bottom, "axis"),
  ];
}

function drawn({ name, points }: Line, { x, y }: Frame): string[] {
  const colour = colourOf(name);
  const path = points.map((point) => `${x.at(point.x).toFixed(1)},${y.at(point.y).toFixed(1)}`).join(" ");
  const dashes = name === "net" ? ' stroke-dasharray="4 3"' : "";
  const width = name === "vaiven" ? 2.5 : 1.8;
  return [
    `<polyline points="${path}" fill="none" class="${colour}-line" stroke-width="${width}" stroke-linejoin="round"${dashes}/>`,
    ...points.map((point) => {
      const told = `${TITLES[name] ?? name}, ${point.x.toLocaleString("en")}: ${figure(point.y)}`;
      const at = `cx="${x.at(point.x).toFixed(1)}" cy="${y.at(point.y).toFixed(1)}"`;
      return `<circle ${at} r="3.2" class="${colour} halo" stroke-width="1.5"><title>${escaped(told)}</title></circle>`;
    }),
  ];
}

function panelOf(findings: readonly Finding[], panel: PanelName, left: number, top: number): string[] {
  const { title, unit, x } = PANELS[panel];
  const lines = linesOf(findings, panel);
  const heading = [
    text(left - PLOT.left, top + 4, title, { size: 13.5, bold: true }),
    text(left - PLOT.left, top + 21, unit, { size: 11, class: "muted" }),
  ];
  if (lines.length === 0) return [...heading, text(left, top + 90, "not measured", { class: "muted" })];
  const frame = frameOf(findings, panel, left, top + PLOT.top - 12);
  const ends = lines.map(({ name, points }) => ({ name, y: frame.y.at(points.at(-1)?.y ?? 0) }));
  const places = placed(ends);
  return [
    ...heading,
    ...grid(frame),
    ...lines.flatMap((each) => drawn(each, frame)),
    ...lines.map(({ name, points }) => {
      const label = `${TITLES[name] ?? name} ${figure(points.at(-1)?.y)}`;
      // A line that ends early is named at the edge all the same.
      return text(frame.right + 8, (places.get(name) ?? 0) + 4, label, {
        size: 11,
        bold: name === "vaiven",
        class: colourOf(name),
      });
    }),
    text((frame.left + frame.right) / 2, frame.bottom + 30, x, { anchor: "middle", size: 10.5, class: "muted" }),
  ];
}

export function growthChart(findings: readonly Finding[], caption: string): string {
  const names = Object.keys(PANELS) as PanelName[];
  const rows = Math.ceil(names.length / COLUMNS);
  const parts = [
    text(16, 30, "How the cost grows", { size: 18, bold: true }),
    text(16, 49, caption, { class: "muted", size: 11 }),
    ...names.flatMap((panel, index) => {
      const left = LEFT + (index % COLUMNS) * CELL.width;
      return panelOf(findings, panel, left, TOP + 20 + Math.floor(index / COLUMNS) * CELL.height);
    }),
  ];
  return picture(WIDTH, TOP + rows * CELL.height + 8, "How the cost grows with connections, rooms and sessions", parts);
}

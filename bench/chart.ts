// Benchmarks: the chart. Bars by hand: for each load, how many times less than socket.io each subject costs.
import { figure, type Row, ratioOf, summarise } from "./outcome.js";

const WIDTH = 900;
const LEFT = 300;
const BAR = 14;
const GAP = 26;
const TOP = 64;

const COLOURS: Record<string, string> = {
  vaiven: "#0b7a75",
  "socket.io": "#8a8f98",
  "socket.io-lean": "#b4b8bf",
  ws: "#c98a1b",
  net: "#5b6ee1",
};

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

export function chart(rows: readonly Row[], caption: string): string {
  const bars = rows.map((row) => ({
    row,
    entries: row.cells.flatMap(({ subject, rounds }) => {
      const summary = summarise(rounds);
      const ratio = summary === undefined ? undefined : ratioOf(row, summary);
      return summary === undefined || ratio === undefined ? [] : [{ subject, summary, ratio }];
    }),
  }));
  const most = Math.max(1, ...bars.flatMap(({ entries }) => entries.map(({ ratio }) => ratio)));
  const scale = (WIDTH - LEFT - 210) / most;
  const parts: string[] = [];
  let y = TOP;
  for (const { row, entries } of bars) {
    parts.push(`<text x="16" y="${y + BAR - 3}" class="load">${escaped(row.load.title)}</text>`);
    for (const { subject, summary, ratio } of entries) {
      const width = Math.max(1, ratio * scale);
      const label = `${subject.title} ${figure(ratio)}× (${figure(summary.value)} ${row.load.unit})`;
      const fill = COLOURS[subject.name] ?? "#000";
      parts.push(
        `<rect x="${LEFT}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 3}" rx="2" fill="${fill}"/>`,
        `<text x="${(LEFT + width + 6).toFixed(1)}" y="${y + BAR - 5}" class="bar">${escaped(label)}</text>`,
      );
      y += BAR;
    }
    y += GAP - BAR / 2;
  }
  const one = LEFT + scale;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 8}" role="img" aria-label="Server cost, ratio to socket.io">
<style>text{font:11px system-ui,sans-serif;fill:#333}.title{font-size:15px;font-weight:600}.load{font-size:12px}.bar{font-size:10px}</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="16" y="26" class="title">How many times less than socket.io the server spends (longer is better)</text>
<text x="16" y="44">${escaped(caption)}</text>
<line x1="${one.toFixed(1)}" x2="${one.toFixed(1)}" y1="${TOP - 6}" y2="${y - 12}" stroke="#333" stroke-dasharray="3 3"/>
${parts.join("\n")}
</svg>
`;
}

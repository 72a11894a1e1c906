// Benchmarks: what the charts share: their colours on light and dark pages, text, scales.

export const COLOURS: Readonly<Record<string, { readonly light: string; readonly dark: string }>> = {
  vaiven: { light: "#0a7d74", dark: "#2fd3c0" },
  "socket.io": { light: "#7d8590", dark: "#9aa4af" },
  "socket.io-lean": { light: "#a8b0b9", dark: "#6b7580" },
  ws: { light: "#b86e00", dark: "#eaa644" },
  net: { light: "#5a55d6", dark: "#a19cff" },
  // Of one subject, several lines.
  second: { light: "#b86e00", dark: "#eaa644" },
  third: { light: "#5a55d6", dark: "#a19cff" },
  fourth: { light: "#c2304f", dark: "#ff7d98" },
  fifth: { light: "#2a78c8", dark: "#6db3ff" },
  sixth: { light: "#6b7a1e", dark: "#b9c75a" },
};

const PAGE = { light: "#ffffff", dark: "#0d1117" };
const INK = { light: "#1f2328", dark: "#e6edf3" };
const MUTED = { light: "#59636e", dark: "#9198a1" };
const GRID = { light: "#e4e8ec", dark: "#262c34" };
const AXIS = { light: "#8c959f", dark: "#565f69" };

/** A class for a colour: characters that a selector may hold. */
export function colourClass(name: string): string {
  return `c-${name.replaceAll(".", "")}`;
}

function rules(scheme: "light" | "dark"): string {
  const colours = Object.entries(COLOURS).map(([name, colour]) => {
    const selector = colourClass(name);
    return `.${selector}{fill:${colour[scheme]}}.${selector}-line{stroke:${colour[scheme]}}`;
  });
  return [
    `.page{fill:${PAGE[scheme]}}`,
    `text{fill:${INK[scheme]}}`,
    `.muted{fill:${MUTED[scheme]}}`,
    `.grid{stroke:${GRID[scheme]}}`,
    `.axis{stroke:${AXIS[scheme]}}`,
    `.ink{stroke:${INK[scheme]}}`,
    // Around marks and labels that lie on lines.
    `.halo{stroke:${PAGE[scheme]}}`,
    `.hollow{fill:${PAGE[scheme]}}`,
    ...colours,
  ].join("");
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

export interface TextStyle {
  readonly class?: string;
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: "start" | "middle" | "end";
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, bold = false, anchor = "start" } = style;
  const colour = style.class === undefined ? "" : ` class="${style.class}"`;
  const weight = bold ? ' font-weight="600"' : "";
  const place = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}"${weight}${place}${colour}>${escaped(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, kind: string, more = ""): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" class="${kind}"${more}/>`;
}

/** A whole picture, on a page of its own colour, so that it reads on any site. */
export function picture(width: number, height: number, label: string, parts: readonly string[]): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(label).replaceAll('"', "&quot;")}">`;
  const font =
    'text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}';
  const style = `<style>${font}${rules("light")}@media (prefers-color-scheme:dark){${rules("dark")}}</style>`;
  const page = `<rect width="${width}" height="${height}" rx="8" class="page"/>`;
  return `${[head, style, page, ...parts, "</svg>"].join("\n")}\n`;
}

export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** Decades, and the steps of one, two and five between them where there is room for their names. */
export function logScale(low: number, high: number, from: number, to: number, steps: readonly number[]): Scale {
  const span = Math.log10(high / low);
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
    for (const step of steps) {
      const tick = step * 10 ** decade;
      if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(Number(tick.toPrecision(3)));
    }
  }
  return { ticks, at: (value) => from + (Math.log10(value / low) / span) * (to - from) };
}

/** From zero to a round number above `high`. */
export function linearScale(high: number, from: number, to: number): Scale {
  const rough = high / 4;
  const decade = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * decade).find((each) => each >= rough) ?? rough;
  const top = Math.ceil(high / step) * step;
  const ticks: number[] = [];
  for (let tick = 0; tick <= top * 1.0001; tick += step) ticks.push(Number(tick.toPrecision(6)));
  return { ticks, at: (value) => from + (value / top) * (to - from) };
}

export function short(value: number): string {
  if (value >= 1e6) return `${Number((value / 1e6).toPrecision(3))} M`;
  if (value >= 10_000) return `${Number((value / 1e3).toPrecision(3))} k`;
  return Number(value.toPrecision(3)).toLocaleString("en");
}

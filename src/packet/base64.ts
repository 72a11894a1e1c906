// packet/ Base64 of polling payloads (RFC 4648 section 4), read strictly. Writing is the host's (`BytePrimitives.toBase64`).

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const NOT_IN_ALPHABET = 255;
const EQUALS = 61;
const VALUES: Uint8Array = (() => {
  const values = new Uint8Array(256).fill(NOT_IN_ALPHABET);
  for (let value = 0; value < ALPHABET.length; value++) values[ALPHABET.charCodeAt(value)] = value;
  return values;
})();

/**
 * Decodes `text[start, end)`, padded or not. Undefined where it is no Base64: a character beyond the alphabet, one digit left over,
 * or padding that does not fit.
 */
export function readBase64(
  text: string,
  start: number,
  end: number,
  allocate: (size: number) => Uint8Array,
): Uint8Array | undefined {
  let last = end;
  if (last > start && text.charCodeAt(last - 1) === EQUALS) last--;
  if (last > start && text.charCodeAt(last - 1) === EQUALS) last--;
  const digits = last - start;
  if (digits % 4 === 1 || (last !== end && (end - start) % 4 !== 0)) return undefined;
  const bytes = allocate((digits * 3) >>> 2);
  let at = 0;
  let pending = 0;
  let bits = 0;
  for (let from = start; from < last; from++) {
    const code = text.charCodeAt(from);
    const value = code < 256 ? VALUES[code]! : NOT_IN_ALPHABET;
    if (value === NOT_IN_ALPHABET) return undefined;
    pending = (pending << 6) | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at++] = pending >>> bits;
      pending &= (1 << bits) - 1;
    }
  }
  return bytes;
}

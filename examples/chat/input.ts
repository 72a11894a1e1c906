// Example: what others send, checked before anything is done with it. Each function returns null for what it refuses.

const LONGEST_TEXT = 1000;
const LONGEST_KEY = 64;

/** 2 to 20 letters of any alphabet, digits, `-` or `_`. */
export function asNick(value: unknown): string | null {
  return typeof value === "string" && /^[\p{L}\p{N}_-]{2,20}$/u.test(value) ? value.normalize("NFC") : null;
}

/** 1 to 24 lower-case letters, digits or `-`. */
export function asRoomName(value: unknown): string | null {
  return typeof value === "string" && /^[a-z0-9-]{1,24}$/.test(value) ? value : null;
}

/** 1 to 1000 UTF-16 units once the space around it is gone. */
export function asText(value: unknown): string | null {
  if (typeof value !== "string" || value.length > LONGEST_TEXT) return null;
  return value.trim() || null;
}

export function asKey(value: unknown): string | null {
  return typeof value === "string" && value !== "" && value.length <= LONGEST_KEY ? value : null;
}

/** The last id seen, if it was seen in this run of the server; otherwise 0: nothing seen. */
export function asLastSeen(value: unknown, epoch: string): number {
  const { epoch: theirs, id } = asRecord(value);
  return theirs === epoch && Number.isSafeInteger(id) && Number(id) > 0 ? Number(id) : 0;
}

export function asString(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

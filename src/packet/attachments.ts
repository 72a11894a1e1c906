// packet/ Binary attachments: bytes leave the JSON and travel as messages of their own (Socket.IO protocol v5, "Binary").
import { VaivenError } from "../errors.js";

/** What stands in the JSON where bytes were: `num` counts the attachments from 0. */
interface Placeholder {
  readonly _placeholder: true;
  readonly num: number;
}

/** Deeper values are refused: they come from a mistake or from an attack, and would end in a stack overflow. */
const MAX_DEPTH = 1000;

const hasOwn = Object.prototype.hasOwnProperty;

/** The objects between the root and the value that is looked at. One array serves every walk: a walk is synchronous and does not nest. */
const ancestors: object[] = [];

/** The bytes of a binary value, as they are and not copied; undefined for anything else. */
export function asBytes(value: object): Uint8Array | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype) return undefined;
  if (ArrayBuffer.isView(value)) {
    return value instanceof Uint8Array ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  }
  // The name, not only the class: Jest and iframes bring an ArrayBuffer of another realm.
  if (value instanceof ArrayBuffer || Object.prototype.toString.call(value) === "[object ArrayBuffer]") {
    return new Uint8Array(value as ArrayBuffer);
  }
  return undefined;
}

/**
 * Takes the binary values out of `data`, in one pass: returns `data` itself when it holds none, otherwise a copy along the paths that do,
 * with placeholders, the bytes being appended to `attachments`. Values with a `toJSON` method are looked at as `JSON.stringify` would see them.
 *
 * @throws VaivenError `PACKET_CYCLIC`, `PACKET_TOO_DEEP`
 */
export function detach(data: readonly unknown[], attachments: Uint8Array[]): readonly unknown[] {
  ancestors.length = 0;
  try {
    return detachValue(data, attachments) as readonly unknown[];
  } finally {
    ancestors.length = 0;
  }
}

function detachValue(value: unknown, attachments: Uint8Array[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const bytes = asBytes(value);
  if (bytes !== undefined) {
    const placeholder: Placeholder = { _placeholder: true, num: attachments.length };
    attachments.push(bytes);
    return placeholder;
  }
  const depth = ancestors.length;
  for (let i = 0; i < depth; i++) {
    if (ancestors[i] === value) {
      throw new VaivenError(
        "PACKET_CYCLIC",
        "expected a value that can be written as JSON, got one that contains itself",
      );
    }
  }
  if (depth >= MAX_DEPTH) {
    throw new VaivenError("PACKET_TOO_DEEP", `expected at most ${MAX_DEPTH} levels of nesting`, {
      detail: { limit: MAX_DEPTH },
    });
  }
  ancestors.push(value);
  let result: unknown = value;
  if (Array.isArray(value)) {
    result = detachArray(value, attachments);
  } else if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    const json: unknown = (value as { toJSON(key?: string): unknown }).toJSON();
    const detached = json === value ? value : detachValue(json, attachments);
    if (detached !== json) result = detached;
  } else {
    result = detachObject(value as Record<string, unknown>, attachments);
  }
  ancestors.pop();
  return result;
}

function detachArray(array: readonly unknown[], attachments: Uint8Array[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < array.length; i++) {
    const item = array[i];
    if (typeof item !== "object" || item === null) continue;
    const detached = detachValue(item, attachments);
    if (detached !== item) {
      copy ??= array.slice();
      copy[i] = detached;
    }
  }
  return copy ?? array;
}

function detachObject(object: Record<string, unknown>, attachments: Uint8Array[]): Record<string, unknown> {
  let copy: Record<string, unknown> | undefined;
  for (const key in object) {
    const item = object[key];
    if (typeof item !== "object" || item === null || !hasOwn.call(object, key)) continue;
    const detached = detachValue(item, attachments);
    if (detached !== item) {
      copy ??= copyOf(object);
      define(copy, key, detached);
    }
  }
  return copy ?? object;
}

function copyOf(object: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(object)) define(copy, key, object[key]);
  return copy;
}

/** Not an assignment: for the key "__proto__" that would change the prototype. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/**
 * Puts the attachments back where `data` (fresh from `JSON.parse`) has placeholders; changes `data` in place and returns it.
 *
 * @throws VaivenError `PACKET_ATTACHMENT_MISSING` for a placeholder without attachment, `PACKET_TOO_DEEP`
 */
export function attach(data: unknown, attachments: readonly (Uint8Array | ArrayBuffer)[]): unknown {
  return attachValue(data, attachments, 0);
}

function attachValue(value: unknown, attachments: readonly (Uint8Array | ArrayBuffer)[], depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) {
    throw new VaivenError("PACKET_TOO_DEEP", `expected at most ${MAX_DEPTH} levels of nesting`, {
      detail: { limit: MAX_DEPTH },
    });
  }
  if ((value as Placeholder)._placeholder === true) {
    const { num } = value as Placeholder;
    const bytes = typeof num === "number" ? attachments[num] : undefined;
    if (bytes === undefined) {
      throw new VaivenError(
        "PACKET_ATTACHMENT_MISSING",
        `expected a placeholder below ${attachments.length}, got ${num}`,
      );
    }
    return bytes;
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object" && item !== null) value[i] = attachValue(item, attachments, depth + 1);
    }
    return value;
  }
  const object = value as Record<string, unknown>;
  for (const key of Object.keys(object)) {
    const item = object[key];
    // JSON.parse makes "__proto__" an own property, and an assignment to an own property never reaches the prototype.
    if (typeof item === "object" && item !== null) object[key] = attachValue(item, attachments, depth + 1);
  }
  return object;
}

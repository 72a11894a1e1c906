// node/ The file of an outbox: its records as bytes. Appended to, never changed in place, so that what was whole stays whole.
//
//   "vaiven outbox 1\n"   then records:   length (4 bytes) │ CRC-32 (4 bytes) │ kind (1) │ content
//   begin: id             entry: number (8) │ length of the text (4) │ text │ for each attachment: length (4) │ bytes
//   attempt, remove: number (8)
//
// A process that ends while it writes leaves a torn last record, which is dropped. Damage elsewhere is told, and nothing is written over it.
import { crc32 } from "node:zlib";
import { VaivenError } from "../errors.js";
import type { StoredEntry, StoredEvent } from "../session/outbox-store.js";

export const MAGIC: Buffer = Buffer.from("vaiven outbox 1\n");
const HEAD = 8;

export const Kind = { BEGIN: 1, ENTRY: 2, ATTEMPT: 3, REMOVE: 4 } as const;

/** One record, where it lies in the file. */
export interface FileRecord {
  readonly kind: number;
  /** Of its first byte, and of the one behind its last. */
  readonly start: number;
  readonly end: number;
  readonly content: Buffer;
}

function record(kind: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat([Buffer.of(kind), ...parts]);
  const head = Buffer.alloc(HEAD);
  head.writeUInt32BE(body.length, 0);
  head.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([head, body]);
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function beginRecord(id: string): Buffer {
  return record(Kind.BEGIN, Buffer.from(id));
}

export function entryRecord(seq: number, { text, bytes }: StoredEvent): Buffer {
  const written = Buffer.from(text);
  const attachments = bytes.flatMap((part) => [uint32(part.length), part]);
  return record(Kind.ENTRY, uint64(seq), uint32(written.length), written, ...attachments);
}

export function numberRecord(kind: typeof Kind.ATTEMPT | typeof Kind.REMOVE, seq: number): Buffer {
  return record(kind, uint64(seq));
}

export function numberOf(content: Buffer): number {
  return Number(content.readBigUInt64BE(0));
}

export function entryOf(content: Buffer): StoredEntry {
  const seq = numberOf(content);
  const end = 12 + content.readUInt32BE(8);
  const bytes: Uint8Array[] = [];
  for (let at = end; at < content.length; ) {
    const next = at + 4 + content.readUInt32BE(at);
    bytes.push(new Uint8Array(content.subarray(at + 4, next)));
    at = next;
  }
  return { seq, text: content.toString("utf8", 12, end), bytes };
}

/** The record that begins at `start`; undefined where the file ends within it, or where it is damaged. */
export function recordAt(file: Buffer, start: number): FileRecord | undefined {
  if (start + HEAD > file.length) return undefined;
  const end = start + HEAD + file.readUInt32BE(start);
  if (end > file.length || end === start + HEAD) return undefined;
  const body = file.subarray(start + HEAD, end);
  if (crc32(body) !== file.readUInt32BE(start + 4)) return undefined;
  return { kind: body[0] as number, start, end, content: body.subarray(1) };
}

/** All records of a file, and where the whole ones end. Throws `OUTBOX_CORRUPT` if it is none, or damaged elsewhere than at its end. */
export function readRecords(file: Buffer, path: string): { readonly records: FileRecord[]; readonly end: number } {
  if (!MAGIC.subarray(0, file.length).equals(file.subarray(0, MAGIC.length))) {
    throw new VaivenError("OUTBOX_CORRUPT", `${path} is no outbox of this version`, { detail: { path } });
  }
  const records: FileRecord[] = [];
  let end = Math.min(MAGIC.length, file.length);
  for (let next = recordAt(file, end); next !== undefined; next = recordAt(file, end)) {
    records.push(next);
    end = next.end;
  }
  if (isTorn(file, end)) return { records, end };
  throw new VaivenError("OUTBOX_CORRUPT", `${path} is damaged at byte ${end}; what lies behind cannot be trusted`, {
    detail: { path, at: end },
  });
}

/** Whether what begins at `start` is the beginning of a record that was being written: it reaches to the end of the file, or nothing but zeros does. */
function isTorn(file: Buffer, start: number): boolean {
  if (start + HEAD > file.length) return true;
  if (file.subarray(start).every((byte) => byte === 0)) return true;
  return start + HEAD + file.readUInt32BE(start) >= file.length;
}

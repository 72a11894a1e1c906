// Conformance: what a case is, and how it is run against either end.
import { expect } from "vitest";
import type { Endpoint } from "./endpoint.js";
import {
  BINARY,
  CLOSE,
  CONTINUATION,
  closePayload,
  FIN,
  PONG,
  type ReceivedFrame,
  TEXT,
  type TestPeer,
} from "./peer.js";

/** What comes back: messages and pongs in order, and the code of the Close frame at the end. */
export interface Outcome {
  readonly frames: readonly ExpectedFrame[];
  /** "" where the Close frame has no code. */
  readonly close: number | "";
}

export interface ExpectedFrame {
  readonly kind: "text" | "binary" | "pong";
  readonly payload: Uint8Array;
}

export const text = (payload: string | Uint8Array): ExpectedFrame => ({
  kind: "text",
  payload: Buffer.from(payload as string),
});
export const binary = (payload: Uint8Array): ExpectedFrame => ({ kind: "binary", payload });
export const pong = (payload: string | Uint8Array = ""): ExpectedFrame => ({
  kind: "pong",
  payload: Buffer.from(payload as string),
});

export interface Case {
  /** Begins with the section of RFC 6455 (or 7692) that it shows. */
  readonly name: string;
  /** The bytes that are sent. */
  readonly bytes: (peer: TestPeer) => Buffer | readonly Buffer[];
  /** The size of the pieces that they are sent in. Default: all at once. */
  readonly chop?: number;
  readonly frames?: readonly ExpectedFrame[];
  /** The code that the end under test closes with by itself. Default: it does not, and answers our 1000. */
  readonly close?: number | "";
}

/** A case in which the end under test fails the connection, behind `frames`. */
export const failing = (
  name: string,
  bytes: Case["bytes"],
  close: number,
  frames: readonly ExpectedFrame[] = [],
): Case => ({
  name,
  bytes,
  close,
  frames,
});

/** Messages, joined from their fragments, and pongs. */
export function read(frames: readonly ReceivedFrame[]): ExpectedFrame[] {
  const seen: ExpectedFrame[] = [];
  let open: { kind: "text" | "binary"; parts: Buffer[] } | undefined;
  for (const { first, payload } of frames) {
    const opcode = first & 0x0f;
    if (opcode === PONG) seen.push({ kind: "pong", payload });
    if (opcode === TEXT || opcode === BINARY) open = { kind: opcode === TEXT ? "text" : "binary", parts: [] };
    if (opcode === CONTINUATION && open === undefined) throw new Error("a continuation of nothing came");
    if (opcode > BINARY || open === undefined) continue;
    open.parts.push(payload);
    if ((first & FIN) !== 0) seen.push({ kind: open.kind, payload: Buffer.concat(open.parts) });
  }
  return seen;
}

/** Long payloads are told apart by length and a digest of their bytes, so that a failure can be read. */
function shown({ kind, payload }: ExpectedFrame): string {
  const bytes = Buffer.from(payload);
  if (bytes.length <= 200) return `${kind} ${bytes.toString("latin1")}`;
  let sum = 0;
  for (const byte of bytes) sum = (sum * 31 + byte) | 0;
  return `${kind} of ${bytes.length} bytes, ${sum}`;
}

export async function run(each: Case, endpoint: Endpoint): Promise<void> {
  const peer = await endpoint.open();
  try {
    const sent = each.bytes(peer);
    for (const bytes of Array.isArray(sent) ? (sent as readonly Buffer[]) : [sent as Buffer])
      await peer.send(bytes, each.chop);
    const expected = each.frames ?? [];
    if (each.close === undefined) {
      await peer.collect((frames) => read(frames).length >= expected.length || isClosed(frames));
      await peer.send(peer.frame(FIN | CLOSE, closePayload(1000)));
    }
    await peer.collect(isClosed);
    // Section 7.1.1: the server ends the TCP connection, the client waits for that.
    if (!peer.masks) peer.socket.end();
    await peer.collect(() => peer.ended);
    const last = peer.frames.at(-1);
    expect(read(peer.frames).map(shown)).toEqual(expected.map(shown));
    expect(last === undefined ? undefined : last.first).toBe(FIN | CLOSE);
    const code = (last as ReceivedFrame).payload.length === 0 ? "" : (last as ReceivedFrame).payload.readUInt16BE(0);
    expect(code).toBe(each.close ?? 1000);
    // Section 5.1: a client masks everything, a server nothing. Section 5.2: no reserved bit without an extension.
    for (const { first, masked } of peer.frames) expect([masked, first & 0x70]).toEqual([!peer.masks, 0]);
  } finally {
    peer.socket.destroy();
  }
}

const isClosed = (frames: readonly ReceivedFrame[]): boolean => frames.some(({ first }) => (first & 0x0f) === CLOSE);

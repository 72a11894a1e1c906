// node/ From packets to one socket write per connection and turn: the outgoing half of the hot path (ARCHITECTURE.md, "Encode once"; docs/performance.md, "What paid").
//
//   one or more packets that many share ── memoised frames, joined once for all who send the same sequence ─┐
//   short texts of ASCII of this connection ── their frames as one string, which Node copies itself ────────┤
//   other packets of this connection ── frames written into the process's slab, one behind the other ───────┼─▶ socket.write, once
//   more than fits ── headers and payloads by themselves, nothing copied, socket.cork … uncork (writev) ────┘
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { FrameEncoder } from "../frame/encoder.js";
import { FIN, MAX_HEADER_BYTES, MAX_SHORT_PAYLOAD, OPCODE_BINARY, textHeader } from "../frame/header.js";
import { type Outgoing, type WireForm, type WirePacket, wireForm } from "../packet/outgoing.js";
import { asBuffer, nodeBytePrimitives } from "./byte-primitives.js";

/** Room for the output of one connection in one turn, up to which it is copied into one piece. */
const SLAB_BYTES = 128 * 1024;
/** Up to this length Node writes a string from its stack, and needs no memory for it. */
const MAX_STRING = 16 * 1024;
/** Binary payloads from this size on are not copied: below it a copy costs less than another piece of a vectored write. */
const COPY_UNTIL = 16 * 1024;
/** Views of the slab's beginning that are kept: most turns of most connections are this short. */
const KEPT_VIEWS = 2048;
/** Joined frames that are kept for the next connection. */
const MAX_JOINED_BYTES = 1024 * 1024;

const encoder = new FrameEncoder(nodeBytePrimitives, false);

/** All frames of a packet in one piece, unmasked: what every connection without compression is sent. */
export const plainFrames: WireForm<Buffer> = wireForm((packet) => {
  const head = frameOf(packet.head);
  if (packet.rest === undefined) return head;
  return Buffer.concat([head, ...packet.rest.map(frameOf)]);
});

function frameOf(packet: WirePacket): Buffer {
  const frame = typeof packet === "string" ? encoder.textFrameOf(packet) : encoder.frameOf(FIN | OPCODE_BINARY, packet);
  return asBuffer(frame);
}

/** Writes batches of packets as unmasked frames. One per process: its memory is reused by all connections. */
export class FrameWriter {
  private slab: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Everything before it may still be read by the operating system. */
  private free = 0;
  private views: (Buffer | undefined)[] = new Array<Buffer | undefined>(KEPT_VIEWS);
  private joined: Buffer | undefined = undefined;
  private joinedPackets: Outgoing[] = [];

  /** Writes `batch`, which is not empty, to `socket`; before it `answer`, that of the handshake, in Latin-1. */
  write(socket: Duplex, batch: readonly Outgoing[], answer?: string): void {
    if (answer !== undefined) {
      this.writeFirst(socket, batch, answer);
      return;
    }
    let room = 0;
    let shared = true;
    for (let index = 0; index < batch.length; index++) {
      const packet = batch[index]!;
      if (packet.shared) {
        room += packet.form(plainFrames).length;
      } else {
        shared = false;
        room += roomOf(packet);
      }
    }
    if (shared) this.writeShared(socket, batch, room);
    else if (room <= SLAB_BYTES) this.writeThroughSlab(socket, batch, room);
    else writePieces(socket, batch);
  }

  /** The first packets of a connection are few and short: one write of one piece costs half of what two pieces do. */
  private writeFirst(socket: Duplex, batch: readonly Outgoing[], answer: string): void {
    let room = answer.length;
    for (const packet of batch) room += roomOf(packet);
    if (room <= SLAB_BYTES) {
      this.writeThroughSlab(socket, batch, room, answer);
      return;
    }
    socket.cork();
    socket.write(answer, "latin1");
    this.write(socket, batch);
    socket.uncork();
  }

  private writeShared(socket: Duplex, batch: readonly Outgoing[], size: number): void {
    if (batch.length === 1) socket.write(batch[0]!.form(plainFrames));
    else if (size <= MAX_JOINED_BYTES) socket.write(this.join(batch));
    else writePieces(socket, batch);
  }

  /** Broadcasts reach their receivers in the same order: who comes next mostly sends exactly what the one before sent. */
  private join(batch: readonly Outgoing[]): Buffer {
    const { joinedPackets } = this;
    if (this.joined !== undefined && joinedPackets.length === batch.length) {
      let index = 0;
      while (index < batch.length && joinedPackets[index] === batch[index]) index++;
      if (index === batch.length) return this.joined;
    }
    const joined = Buffer.concat(batch.map((packet) => packet.form(plainFrames)));
    this.joined = joined;
    this.joinedPackets = batch.slice();
    return joined;
  }

  private writeThroughSlab(socket: Duplex, batch: readonly Outgoing[], room: number, answer = ""): void {
    if (this.free + room > SLAB_BYTES) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.views = new Array<Buffer | undefined>(KEPT_VIEWS);
      this.free = 0;
    }
    const { slab, free } = this;
    let end = free;
    // One byte a character: what can be written by one call, which costs as much as the joining of many short texts.
    let latin1 = answer;
    for (let index = 0; index < batch.length; index++) {
      const packet = batch[index]!;
      if (isShortAscii(packet)) {
        latin1 += textHeader(packet.head.length) + (packet.head as string);
        continue;
      }
      if (latin1 !== "") {
        end += slab.write(latin1, end, "latin1");
        latin1 = "";
      }
      if (packet.shared) {
        const frames = packet.form(plainFrames);
        slab.set(frames, end);
        end += frames.length;
        continue;
      }
      end = writeFrame(packet.head, slab, end);
      if (packet.rest !== undefined) for (const part of packet.rest) end = writeFrame(part, slab, end);
    }
    if (end === free && latin1.length <= MAX_STRING) {
      socket.write(latin1, "latin1");
      return;
    }
    if (latin1 !== "") end += slab.write(latin1, end, "latin1");
    socket.write(this.view(free, end));
    // With nothing left to write, the operating system has its copy, and the same bytes of the slab serve the next connection.
    // Other streams than sockets may hand the bytes themselves on.
    if (socket.writableLength > 0 || !(socket instanceof Socket)) this.free = end;
  }

  private view(start: number, end: number): Buffer {
    if (start !== 0 || end >= KEPT_VIEWS) return this.slab.subarray(start, end);
    let view = this.views[end];
    if (view === undefined) {
      view = this.slab.subarray(0, end);
      this.views[end] = view;
    }
    return view;
  }
}

/** The one of this process. */
export const frameWriter: FrameWriter = new FrameWriter();

/** Whether a packet is one text frame of as many bytes as characters. */
function isShortAscii(packet: Outgoing): boolean {
  return packet.isAscii && packet.head.length <= MAX_SHORT_PAYLOAD && packet.rest === undefined && !packet.shared;
}

function roomOf(packet: Outgoing): number {
  let room = partRoom(packet.head);
  if (packet.rest !== undefined) for (const part of packet.rest) room += partRoom(part);
  return room;
}

/** Enough for the frame of `part`; more than the slab for what is not to be copied. */
function partRoom(part: WirePacket): number {
  if (typeof part === "string") return encoder.textFrameRoom(part);
  return part.length < COPY_UNTIL ? MAX_HEADER_BYTES + part.length : SLAB_BYTES + 1;
}

function writeFrame(part: WirePacket, target: Buffer, at: number): number {
  if (typeof part === "string") return encoder.writeTextFrame(part, target, at);
  return encoder.writeFrame(FIN | OPCODE_BINARY, part, target, at);
}

function writePieces(socket: Duplex, batch: readonly Outgoing[]): void {
  socket.cork();
  for (const packet of batch) {
    if (packet.shared) {
      socket.write(packet.form(plainFrames));
      continue;
    }
    writePiece(socket, packet.head);
    if (packet.rest !== undefined) for (const part of packet.rest) writePiece(socket, part);
  }
  socket.uncork();
}

function writePiece(socket: Duplex, part: WirePacket): void {
  if (typeof part === "string" || part.length < COPY_UNTIL) {
    socket.write(frameOf(part));
    return;
  }
  const header = Buffer.allocUnsafe(MAX_HEADER_BYTES);
  const length = encoder.writeFrameHeader(FIN | OPCODE_BINARY, part.length, header, 0);
  socket.write(header.subarray(0, length));
  socket.write(asBuffer(part));
}

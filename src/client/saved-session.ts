// client/ A delivery session between two pages of a browser (delivery.ts): what is written of it, and how the next page reads that.
import type { DeliveryLog } from "../event/delivery-log.js";
import type { ControlMessage } from "../packet/control-packet.js";
import { Outgoing } from "../packet/outgoing.js";
import { PacketType, type SocketPacket } from "../packet/socket-packet.js";
import { readBlobs } from "./blobs.js";
import { asItTravels } from "./own-ends.js";
import type { BufferedPacket } from "./sender.js";
import type { Socket } from "./socket.js";

/** A packet as it travels, bytes as numbers. */
export type SavedPacket = readonly [text: string, bytes: number[][]];

/** What is written. */
export interface SavedSession {
  readonly pid: string;
  readonly pages: readonly string[];
  readonly keep: number;
  readonly received: number;
  readonly base: number;
  readonly ids: number;
  /** Whether the log begins with the event of an outbox whose mark is confirmed. */
  readonly isEntry: boolean;
  /** The packets of the log; a number stands for so many volatile ones. */
  readonly log: readonly (SavedPacket | number)[];
  readonly waiting: readonly (readonly [SavedPacket, BufferedPacket["options"]])[];
}

/** Pages that were loaded one after the other without a connection are remembered up to this number. */
export const MOST_PAGES = 32;

/** Those of an event that an outbox has, and sends again where that is needed. */
export const ENTRY_OPTIONS: BufferedPacket["options"] = { repeats: true };

/** Stands for any volatile packet of a log. */
const VOLATILE = [
  new Outgoing("", undefined, { volatile: true }),
  { type: PacketType.EVENT, nsp: "", data: [], options: { volatile: true } },
] as const;

/** The log of a session. */
export function savedLog(log: DeliveryLog): SavedSession["log"] {
  const saved: (SavedPacket | number)[] = [];
  log.replay({ packet: (packet) => saved.push(savedPacket(packet)), skip: (count) => saved.push(count) });
  return saved;
}

/** What waits to be sent, also in the queue of `retries`, which the next page does not have. */
export function savedWaiting({ io, nsp, sendBuffer, _sender }: Socket): SavedSession["waiting"] {
  const queued = (_sender.queue?.entries ?? [])
    .filter(({ isUnderWay }) => !isUnderWay)
    .map(({ data, options }): BufferedPacket => ({ type: PacketType.EVENT, nsp, data, options }));
  const saved: SavedSession["waiting"][number][] = [];
  for (const packet of [...sendBuffer, ...queued]) {
    const blobs = readBlobs(packet.data, io._host.blobBytes);
    // A page that is left cannot wait for them.
    if (blobs !== undefined) blobs.catch(() => {});
    else saved.push([savedPacket(io._encode(asItTravels(io, packet))), { ...packet.options, repeats: undefined }]);
  }
  return saved;
}

/** The packets of a log, as they travel and as they were emitted. */
export function* readLog(
  socket: Socket,
  { log, isEntry: isFirstEntry }: SavedSession,
): Generator<readonly [Outgoing, BufferedPacket]> {
  let isEntry = isFirstEntry;
  for (const saved of log) {
    if (typeof saved === "number") {
      for (let n = 0; n < saved; n++) yield VOLATILE;
      continue;
    }
    const packet = readPacket(socket, saved, isEntry ? ENTRY_OPTIONS : {});
    isEntry = packet.type === PacketType.CONTROL && (packet.data as ControlMessage)[0] === "entry";
    const [text, bytes] = saved;
    const parts = bytes.map((part) => new Uint8Array(part));
    yield [new Outgoing(text, parts.length > 0 ? parts : undefined), packet];
  }
}

/** A packet as it was emitted. */
export function readPacket(
  { io }: Socket,
  [text, bytes]: SavedPacket,
  options: BufferedPacket["options"],
): BufferedPacket {
  const host = io._host;
  const reader = host.createReader();
  reader.control = true;
  let packet = reader.readText(text, 1);
  for (const part of bytes) packet = reader.readBinary(host.userBytes(new Uint8Array(part)));
  return { ...(packet as SocketPacket), options };
}

function savedPacket({ head, rest }: Outgoing): SavedPacket {
  return [head as string, (rest ?? []).map((bytes) => Array.from(bytes as Uint8Array))];
}

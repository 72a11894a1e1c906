// Packets on a stream: any bytes, in any pieces, are packets or are refused with a documented error; the pieces make no difference.
import { VaivenError } from "../../src/errors.js";
import { StreamDecoder } from "../../src/packet/stream-frame.js";
import type { FuzzTarget } from "./fuzz-target.js";

const LIMIT = 1000;

function readAll(stream: Uint8Array, step: number): { packets: string[]; error: VaivenError | undefined } {
  const decoder = new StreamDecoder(LIMIT);
  const packets: string[] = [];
  for (let at = 0; at < stream.length; at += step) {
    const error = decoder.push(stream.slice(at, at + step), (packet, isBinary) => {
      packets.push(`${isBinary} ${Buffer.from(packet).toString("hex")}`);
    });
    if (error !== undefined) return { packets, error };
  }
  return { packets, error: undefined };
}

export const target: FuzzTarget = {
  name: "stream-frame",
  seeds: ["0130", "0234308301020300", "7e007e", "7f0000000000000001", "ff8000000000000001", "fe03e8"].map((hex) =>
    Buffer.from(hex, "hex"),
  ),
  run(input) {
    const whole = readAll(input, Math.max(input.length, 1));
    const { error } = whole;
    if (error !== undefined && !(error instanceof VaivenError && error.code === "PACKET_TOO_BIG")) throw error;
    for (const step of [1, 3]) {
      const pieces = readAll(input, step);
      if (pieces.packets.join() !== whole.packets.join() || (pieces.error === undefined) !== (error === undefined)) {
        throw new Error(`pieces of ${step} bytes are read otherwise than the whole`);
      }
    }
  },
};

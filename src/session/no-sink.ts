// session/ Who listens to a transport that has no listener yet, or no longer (session/transport.ts).
import type { TransportSink } from "./transport.js";

/** Ignores everything: what stands in `sink` before a session takes the transport, and after the transport's end. */
export const NO_SINK: TransportSink = Object.freeze({
  onText() {},
  onBinary() {},
  onWritable() {},
  onClose() {},
});

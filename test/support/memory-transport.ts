// Transports in memory, over a wire that delivers when the test says so: the shapes of WebSocket and of long-polling, for sessions without I/O.
import type { VaivenError } from "../../src/errors.js";
import type { Outgoing, WirePacket } from "../../src/packet/outgoing.js";
import type { ClientTransport, Transport, TransportName, TransportSink } from "../../src/session/transport.js";

/** Something on its way: a step delivers all of it, or of bytes as many as it says. */
interface Parcel {
  readonly bytes: Uint8Array;
  deliver(bytes: Uint8Array): void;
}

const NOTHING = new Uint8Array(0);

/** Things on their way, each delivered by one call of {@link Wire.step}. */
export class Wire {
  private readonly pending: Parcel[] = [];

  push(deliver: () => void): void {
    this.pending.push({ bytes: NOTHING, deliver });
  }

  /** Bytes of a stream, which may arrive in any pieces. */
  pushBytes(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    this.pending.push({ bytes, deliver });
  }

  get length(): number {
    return this.pending.length;
  }

  /** Bytes of the oldest thing. */
  get next(): number {
    return this.pending[0]?.bytes.length ?? 0;
  }

  /** Delivers the oldest thing, or its first `size` bytes. False if there was none. */
  step(size: number = Number.POSITIVE_INFINITY): boolean {
    const parcel = this.pending.shift();
    if (parcel === undefined) return false;
    const { bytes, deliver } = parcel;
    if (size < bytes.length) this.pending.unshift({ bytes: bytes.subarray(size), deliver });
    deliver(bytes.slice(0, size));
    return true;
  }

  /** Delivers everything, in one turn. */
  stepAll(): void {
    while (this.step());
  }

  /** Everything that is on its way never arrives. */
  cut(): void {
    this.pending.length = 0;
  }
}

const NO_SINK: TransportSink = {
  onText: () => {},
  onBinary: () => {},
  onWritable: () => {},
  onClose: () => {},
};

function packetsOf(batch: readonly Outgoing[]): WirePacket[] {
  return batch.flatMap((packet) => [packet.head, ...(packet.rest ?? [])]);
}

function hand(packets: readonly WirePacket[], end: { sink: TransportSink; ended: boolean }): void {
  for (const packet of packets) {
    if (end.ended) return;
    if (typeof packet === "string") end.sink.onText(packet);
    else end.sink.onBinary(packet);
  }
}

/** One end of a two-way connection that is writable from its opening to its end. */
export class MemorySocket implements ClientTransport {
  readonly name: TransportName = "websocket";
  sink: TransportSink = NO_SINK;
  /** Set by a test to imitate a peer that takes nothing. */
  stalled = false;
  opened = false;
  ended = false;
  closedWith: readonly [number | undefined, string | undefined] | undefined = undefined;
  /** Packets of every `send`, one array a call. */
  readonly sent: WirePacket[][] = [];
  peer: MemorySocket | undefined = undefined;
  private readonly wire: Wire;

  constructor(wire: Wire) {
    this.wire = wire;
  }

  get writable(): boolean {
    return this.opened && !this.ended && !this.stalled;
  }

  get bufferedAmount(): number {
    return 0;
  }

  open(): void {
    this.wire.push(() => {
      if (this.ended || this.peer?.ended === true) return;
      this.opened = true;
      this.sink.onOpen?.();
    });
  }

  send(batch: readonly Outgoing[]): void {
    if (!this.writable) throw new Error("sent while not writable");
    const packets = packetsOf(batch);
    this.sent.push(packets);
    const { peer } = this;
    if (peer !== undefined) this.wire.push(() => hand(packets, peer));
  }

  release(): void {
    this.stalled = false;
    this.sink.onWritable();
  }

  close(code?: number, reason?: string): void {
    if (this.ended) return;
    this.closedWith = [code, reason];
    this.ended = true;
    const { sink, peer } = this;
    this.wire.push(() => sink.onClose(undefined));
    if (peer !== undefined) this.wire.push(() => peer.end(undefined));
  }

  discard(): void {
    if (this.ended) return;
    this.ended = true;
    const { peer } = this;
    if (peer !== undefined) this.wire.push(() => peer.end(undefined));
  }

  /** The transport ends under its session. */
  end(error: VaivenError | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.sink.onClose(error);
  }
}

/** Two ends of one connection, a wire each way. The server's end is open at once, the client's by `open()`. */
export function memorySocketPair(up: Wire, down: Wire = up): { client: MemorySocket; server: MemorySocket } {
  const client = new MemorySocket(up);
  const server = new MemorySocket(down);
  client.peer = server;
  server.peer = client;
  server.opened = true;
  return { client, server };
}

/** The server's end of long-polling: writable while a poll is held. */
export class MemoryPollingServer implements Transport {
  readonly name: TransportName = "polling";
  sink: TransportSink = NO_SINK;
  ended = false;
  readonly sent: WirePacket[][] = [];
  private held: ((packets: readonly WirePacket[]) => void) | undefined = undefined;
  private closing = false;

  get writable(): boolean {
    return this.held !== undefined && !this.ended;
  }

  get bufferedAmount(): number {
    return 0;
  }

  /** A GET arrives. */
  poll(respond: (packets: readonly WirePacket[]) => void): void {
    if (this.ended) {
      respond(["1"]);
      return;
    }
    if (this.held !== undefined) throw new Error("two polls at once");
    this.held = respond;
    if (this.closing) this.answerClose();
    else this.sink.onWritable();
  }

  /** A POST arrives. */
  post(packets: readonly WirePacket[]): void {
    hand(packets, this);
  }

  send(batch: readonly Outgoing[]): void {
    const respond = this.held;
    if (respond === undefined) throw new Error("sent while not writable");
    this.held = undefined;
    const packets = packetsOf(batch);
    this.sent.push(packets);
    respond(packets);
  }

  close(): void {
    this.closing = true;
    if (this.held !== undefined) this.answerClose();
  }

  discard(): void {
    this.ended = true;
  }

  private answerClose(): void {
    const respond = this.held;
    this.held = undefined;
    this.ended = true;
    respond?.(["1"]);
    this.sink.onClose(undefined);
  }
}

/** The client's end of long-polling: one GET and at most one POST under way. */
export class MemoryPollingClient implements ClientTransport {
  readonly name: TransportName = "polling";
  sink: TransportSink = NO_SINK;
  ended = false;
  private readonly wire: Wire;
  private readonly postWire: Wire;
  private readonly server: MemoryPollingServer;
  private opened = false;
  private polling = false;
  private posting = false;
  private whenQuiet: (() => void) | undefined = undefined;

  constructor(wire: Wire, server: MemoryPollingServer, postWire: Wire = wire) {
    this.wire = wire;
    this.postWire = postWire;
    this.server = server;
  }

  get writable(): boolean {
    return this.opened && !this.posting && !this.ended && this.whenQuiet === undefined;
  }

  get bufferedAmount(): number {
    return 0;
  }

  open(): void {
    this.poll();
  }

  send(batch: readonly Outgoing[]): void {
    if (!this.writable) throw new Error("sent while not writable");
    this.post(packetsOf(batch), () => {});
  }

  pause(done: () => void): void {
    this.whenQuiet = done;
    this.checkQuiet();
  }

  close(): void {
    if (this.ended) return;
    this.post(["1"], () => {
      this.ended = true;
      this.sink.onClose(undefined);
    });
  }

  discard(): void {
    this.ended = true;
  }

  private post(packets: readonly WirePacket[], done: () => void): void {
    this.posting = true;
    this.postWire.push(() => {
      this.server.post(packets);
      this.postWire.push(() => {
        this.posting = false;
        done();
        if (this.ended) return;
        this.checkQuiet();
        if (this.writable) this.sink.onWritable();
      });
    });
  }

  private poll(): void {
    this.polling = true;
    this.wire.push(() => {
      if (this.ended) return;
      this.server.poll((packets) => {
        this.wire.push(() => {
          this.polling = false;
          this.opened = true;
          hand(packets, this);
          if (this.ended) return;
          if (this.whenQuiet !== undefined) this.checkQuiet();
          else this.poll();
        });
      });
    });
  }

  private checkQuiet(): void {
    if (this.polling || this.posting) return;
    this.whenQuiet?.();
    this.whenQuiet = () => {};
  }
}

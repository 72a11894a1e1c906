// Test support: messages through the whole server, without a network, and what each of them makes and copies.
import { processHost } from "../../src/node/process-host.js";
import { clientFrame, MemoryNet, type MemorySocket, WEBSOCKET_HEADERS } from "./memory-net.js";
import { BUFFERS, COPIED, type Work, type WorkMeter } from "./work-meter.js";

/** So few that V8 counts every constructor, so many that a fraction shows. */
const MESSAGES = 20;
const RECEIVERS = 20;
export const LARGE = 60_000;
/** As Node's sockets are read. */
const CHUNK = 16 * 1024;

const text = (packet: string): Buffer => clientFrame(0x81, Buffer.from(packet));

/** What a message makes and copies, on average. */
export interface Made {
  /** Objects by their classes, ours and the language's. */
  readonly objects: Readonly<Record<string, number>>;
  readonly buffers: number;
  readonly bytesCopied: number;
}

function madeBy(work: Work, messages: number): Made {
  const news = [...work].filter(([what]) => what.startsWith("new "));
  return {
    objects: Object.fromEntries(news.map(([what, count]) => [what.slice(4), count / messages])),
    buffers: (work.get(BUFFERS) ?? 0) / messages,
    bytesCopied: (work.get(COPIED) ?? 0) / messages,
  };
}

function connect(net: MemoryNet): MemorySocket {
  const peer = net.upgrade("/socket.io/?EIO=4&transport=websocket", WEBSOCKET_HEADERS);
  // What the test keeps of the output is no part of the measurement.
  Object.assign(peer, { write: () => true, receive: (bytes: Uint8Array) => peer.emit("data", bytes) });
  peer.receive(text("40"));
  return peer;
}

export function measureAll(meter: WorkMeter): Record<string, Made> {
  const net = new MemoryNet({ maxHttpBufferSize: 10 * LARGE });
  net.io.on("connection", (socket) => {
    socket.on("echo", (body: unknown) => socket.emit("echo", body));
    socket.on("ask", (body: unknown, reply: (body: unknown) => void) => reply(body));
    socket.on("cast", (body: unknown) => net.io.emit("cast", body));
    socket.on("ignored", () => {});
    void socket.join("room");
  });
  const peers = Array.from({ length: RECEIVERS }, () => connect(net));
  const [peer] = peers as [MemorySocket];
  const made: Record<string, Made> = {};
  const measure = (name: string, message: () => void): void => {
    // Made late, or once in a while: they are there.
    for (let warm = 0; warm < 3; warm++) message();
    const work = meter.measure(() => {
      for (let index = 0; index < MESSAGES; index++) message();
    });
    made[name] = madeBy(work, MESSAGES);
  };
  const send = (packet: string): (() => void) => {
    // The decoder unmasks in place; a mask of zeros leaves the bytes as they are.
    const frame = text(packet);
    return () => peer.receive(frame);
  };
  measure("ignored", send('42["ignored","0123456789abcdef"]'));
  measure("echo", send('42["echo","0123456789abcdef"]'));
  measure("ask", send('4217["ask","0123456789abcdef"]'));
  measure("cast", send('42["cast","0123456789abcdef"]'));
  measure("pong", send("3"));
  measure("emit", () => {
    net.io.to("room").emit("news", "0123456789abcdef");
    processHost.flushQueue.flushAll();
  });
  const bytes = Buffer.concat([
    text('451-["echo",{"_placeholder":true,"num":0}]'),
    clientFrame(0x82, Buffer.alloc(LARGE, 1)),
  ]);
  measure("large bytes", () => peer.receive(bytes));
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK) }, (_, index) =>
    bytes.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
  measure("large bytes in chunks", () => {
    for (const chunk of chunks) peer.receive(chunk);
  });
  for (const each of peers) {
    each.destroy();
    each.settle();
  }
  void net.io.close();
  return made;
}

// Growth benches: sessions over transports in memory. A subject opens one with everything that a real one has behind its socket: engine, session, client, socket.
import { createServer, IncomingMessage } from "node:http";

const HEADERS = [
  ["Host", "chat.example.com"],
  ["Connection", "Upgrade"],
  ["Pragma", "no-cache"],
  ["Cache-Control", "no-cache"],
  [
    "User-Agent",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  ],
  ["Upgrade", "websocket"],
  ["Origin", "http://chat.example.com"],
  ["Sec-WebSocket-Version", "13"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Accept-Language", "es-ES,es;q=0.9,en-US;q=0.8,en;q=0.7"],
  ["Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"],
  ["X-Forwarded-For", "203.0.113.7"],
  ["X-Forwarded-Proto", "http"],
].flat();
const HEADER_BYTES = HEADERS.map((text) => Buffer.from(text, "latin1"));
const URL_BYTES = Buffer.from("/socket.io/?EIO=4&transport=websocket", "latin1");

/** Stands for all sockets: what a request asks of its own. */
const SOCKET = { remoteAddress: "10.0.0.1", encrypted: false, destroyed: false };

/** A request as Node's parser leaves it: every string is new, as if it had been read from a socket. */
function requestOf() {
  const request = new IncomingMessage(SOCKET);
  request.method = "GET";
  request.url = URL_BYTES.latin1Slice();
  request.rawHeaders = HEADER_BYTES.map((bytes) => bytes.latin1Slice());
  return request;
}

/** So far away that none falls into a measurement, for both; everything else is as the libraries have it. */
const OPTIONS = { pingInterval: 3_600_000 };

/** Characters that were handed to transports: whoever measures checks that all was sent. */
export const sent = { packets: 0 };

async function vaivenEngine() {
  const { Server } = await import("vaiven");

  class MemoryTransport {
    name = "websocket";
    sink = undefined;
    writable = true;
    bufferedAmount = 0;

    send(batch) {
      sent.packets += batch.length;
    }

    close() {
      this.sink.onClose(undefined);
    }

    discard() {}
  }

  const io = new Server(createServer(), OPTIONS);
  return {
    io,
    open() {
      const transport = new MemoryTransport();
      const request = requestOf();
      io.engine.sessions.open(io.engine.generateId(request), 4, transport, request);
      return transport;
    },
    receive: (transport, packet) => transport.sink.onText(`4${packet}`),
    close: (transport) => transport.sink.onClose(undefined),
  };
}

async function socketIoEngine() {
  const { Server } = await import("socket.io");
  const { Server: Engine, Transport } = await import("engine.io");

  class MemoryTransport extends Transport {
    constructor(request) {
      super(request);
      this.writable = true;
    }

    get name() {
      return "websocket";
    }

    send(packets) {
      sent.packets += packets.length;
      this.emit("drain");
    }

    doClose(done) {
      done?.();
      this.onClose();
    }
  }

  class MemoryEngine extends Engine {
    last = undefined;

    createTransport(_name, request) {
      this.last = new MemoryTransport(request);
      return this.last;
    }
  }

  const engine = new MemoryEngine(OPTIONS);
  const io = new Server(OPTIONS);
  io.bind(engine);
  return {
    io,
    async open() {
      const request = requestOf();
      request._query = { EIO: "4", transport: "websocket" };
      await engine.handshake("websocket", request, () => {
        throw new Error("the handshake was refused");
      });
      return engine.last;
    },
    receive: (transport, packet) => transport.onPacket({ type: "message", data: packet }),
    close: (transport) => transport.onClose(),
  };
}

/** `open` may be a promise; `receive` and `close` are what the network does. */
export function engineOf(subject) {
  return subject === "vaiven" ? vaivenEngine() : socketIoEngine();
}

// Test support: sessions with the W3C WebTransport interface in memory: two ends, and streams of bytes between them.

type Bytes = Uint8Array;

/** One bidirectional stream, as one end sees it. */
export interface MemoryStream {
  readonly readable: ReadableStream<Bytes>;
  readonly writable: WritableStream<Bytes>;
}

export interface CloseInfo {
  readonly closeCode?: number;
  readonly reason?: string;
}

/** One way of bytes. What is written after the end is lost, as on a network. */
class Pipe {
  readonly readable: ReadableStream<Bytes>;
  readonly writable: WritableStream<Bytes>;
  private ended = false;
  private controller!: ReadableStreamDefaultController<Bytes>;
  private pulled: () => void = () => {};

  /** Bytes arrive in pieces of at most `pieces`. */
  constructor(pieces: number) {
    this.readable = new ReadableStream<Bytes>(
      {
        start: (controller) => {
          this.controller = controller;
        },
        pull: () => this.pulled(),
      },
      { highWaterMark: 16_384, size: (chunk) => chunk.byteLength },
    );
    this.writable = new WritableStream<Bytes>({
      write: async (chunk) => {
        for (let at = 0; at < chunk.length && !this.ended; at += pieces) {
          while (!this.ended && (this.controller.desiredSize ?? 0) <= 0) {
            await new Promise<void>((resolve) => {
              this.pulled = resolve;
            });
          }
          if (!this.ended) this.controller.enqueue(chunk.slice(at, at + pieces));
        }
      },
      close: () => this.end(undefined),
      abort: (reason) => this.end(reason),
    });
  }

  end(error: unknown): void {
    if (this.ended) return;
    this.ended = true;
    if (error === undefined) this.controller.close();
    else this.controller.error(error);
    this.pulled();
  }
}

/** What both ends of a session share. */
class Connection {
  readonly closed: Promise<CloseInfo>;
  isClosed: boolean = false;
  private resolve!: (info: CloseInfo) => void;
  private reject!: (error: Error) => void;
  private readonly pipes: Pipe[] = [];

  constructor() {
    this.closed = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.closed.catch(() => {});
  }

  pipe(pieces: number): MemoryStream {
    const pipe = new Pipe(pieces);
    this.pipes.push(pipe);
    return pipe;
  }

  end(info: CloseInfo | Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const failed = info instanceof Error;
    for (const pipe of this.pipes) pipe.end(failed ? info : undefined);
    if (failed) this.reject(info);
    else this.resolve(info);
  }
}

/** One end of a session. */
export class MemorySession {
  readonly ready: Promise<void> = Promise.resolve();
  readonly incomingBidirectionalStreams: ReadableStream<MemoryStream>;
  peer!: MemorySession;
  private readonly connection: Connection;
  private readonly pieces: number;
  private incoming!: ReadableStreamDefaultController<MemoryStream>;

  constructor(connection: Connection, pieces: number) {
    this.connection = connection;
    this.pieces = pieces;
    this.incomingBidirectionalStreams = new ReadableStream({
      start: (controller) => {
        this.incoming = controller;
      },
    });
  }

  get closed(): Promise<CloseInfo> {
    return this.connection.closed;
  }

  get isClosed(): boolean {
    return this.connection.isClosed;
  }

  async createBidirectionalStream(): Promise<MemoryStream> {
    // Nothing, ever: npm's client does not expect that it fails, and is told by `closed`.
    if (this.connection.isClosed) return new Promise(() => {});
    const [there, back] = [this.connection.pipe(this.pieces), this.connection.pipe(this.pieces)];
    this.peer.incoming.enqueue({ readable: there.readable, writable: back.writable });
    return { readable: back.readable, writable: there.writable };
  }

  close(info: CloseInfo = {}): void {
    this.connection.end(info);
  }

  /** The network between the two is gone. */
  cut(): void {
    this.connection.end(new Error("the connection is lost"));
  }
}

/** Two ends of one session. */
export function sessionPair(pieces: number = 65_536): { client: MemorySession; server: MemorySession } {
  const connection = new Connection();
  const client = new MemorySession(connection, pieces);
  const server = new MemorySession(connection, pieces);
  client.peer = server;
  server.peer = client;
  return { client, server };
}

/** The class `WebTransport` of a page whose sessions reach `accept`, which may refuse by throwing. */
export function webTransportClass(
  accept: (session: MemorySession, url: string) => void,
  pieces?: number,
): new (
  url: string,
  options?: object,
) => MemorySession {
  return class extends MemorySession {
    constructor(url: string) {
      const connection = new Connection();
      super(connection, pieces ?? 65_536);
      const server = new MemorySession(connection, pieces ?? 65_536);
      this.peer = server;
      server.peer = this;
      accept(server, url);
    }
  };
}

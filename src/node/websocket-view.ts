// node/ The WebSocket of a connection as programs for npm's `ws` see it: `socket.conn.transport.socket`. Made when a program first asks for it.
import type { Duplex } from "node:stream";

/** What is shown. */
export interface ViewedWebSocket {
  readonly socket: Duplex;
  readonly compresses: boolean;
  readonly phase: "open" | "closing" | "closed";
  readonly bufferedAmount: number;
  close(code?: number, reason?: string): void;
}

/** W3C's numbers (WebSockets Living Standard, "readyState"). */
const READY_STATES = { open: 1, closing: 2, closed: 3 } as const;

/** A WebSocket that one may look at and end. What it carries is the connection's: it neither sends nor tells of messages. */
export class WebSocketView {
  /** The socket of the connection, under the name that programs know: `_socket.remoteAddress`. */
  readonly _socket: Duplex;
  private readonly viewed: ViewedWebSocket;

  constructor(viewed: ViewedWebSocket) {
    this._socket = viewed.socket;
    this.viewed = viewed;
  }

  /** 1 open, 2 closing, 3 closed. */
  get readyState(): 1 | 2 | 3 {
    return READY_STATES[this.viewed.phase];
  }

  /** Bytes that the client has not taken. */
  get bufferedAmount(): number {
    return this.viewed.bufferedAmount;
  }

  /** The extensions that were agreed on. */
  get extensions(): "permessage-deflate" | "" {
    return this.viewed.compresses ? "permessage-deflate" : "";
  }

  /** Ends with a Close frame. */
  close(code?: number, reason?: string): void {
    this.viewed.close(code, reason);
  }

  /** Cuts the connection. */
  terminate(): void {
    this._socket.destroy();
  }
}

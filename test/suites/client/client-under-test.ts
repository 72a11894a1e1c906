// What a client is to the suite: the library, and what is expected of it beyond Socket.IO's client on Node.
import type { ClientLibrary } from "../../support/scene.js";

export interface ClientUnderTest extends ClientLibrary {
  /** Whether the improvements over Socket.IO 4.8.4 are expected too. */
  readonly improved: boolean;
  /** It is the client of a page: bytes come as ArrayBuffer, and a WebSocket has no headers. */
  readonly isPage?: boolean;
  /** It has WebSocket only. */
  readonly isCompact?: boolean;
}

/** The transports, alone or one after the other, over which a behaviour is tested. */
export function transportsOf({ isCompact }: ClientUnderTest): string[][] {
  return isCompact ? [["websocket"]] : [["polling"], ["websocket"], ["polling", "websocket"]];
}

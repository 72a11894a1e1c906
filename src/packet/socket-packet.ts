// packet/ Socket.IO packets, protocol v5: `<type>[<attachments>-][<namespace>,][<id>][<JSON>]` ("Packet encoding"). Contract: the types.

/** Socket.IO packet types by their digit. 7 and above are not in the protocol; between our own two ends 7 is a control packet. */
export const PacketType = {
  CONNECT: 0,
  DISCONNECT: 1,
  EVENT: 2,
  ACK: 3,
  CONNECT_ERROR: 4,
  BINARY_EVENT: 5,
  BINARY_ACK: 6,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** A Socket.IO packet as adapters, parsers and events see it. Field names are those of Socket.IO's `Packet`, which npm's adapters read and write. */
export interface SocketPacket {
  /** EVENT or ACK also for packets that travel as BINARY_EVENT or BINARY_ACK, once decoded or before encoding. */
  type: PacketType;
  /** Namespace, always with its leading slash; `/` is the main one. */
  nsp: string;
  /** CONNECT: auth or `{ sid }`; EVENT: `[name, ...args]`; ACK: `[...args]`; CONNECT_ERROR: `{ message, data? }`; DISCONNECT: absent. */
  data?: unknown;
  /** Acknowledgement id, a whole number from 0. */
  id?: number;
  /** Only between a BINARY header and its last attachment. */
  attachments?: number;
}

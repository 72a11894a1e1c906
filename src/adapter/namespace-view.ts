// adapter/ contract: what an adapter sees of its namespace and of the sockets in it. server/ implements it.
import type { AckTable } from "../event/acks.js";
import type { SharedPackets } from "../event/shared-packets.js";
import type { Outgoing, OutgoingOptions } from "../packet/outgoing.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { Room, SocketId } from "./contract.js";

/** A socket of this process, as an adapter uses it. */
export interface AdapterSocket {
  readonly id: SocketId;
  /** The acknowledgements that the socket waits for; made when first asked for. */
  readonly acks: AckTable;
  /** Whether anybody listens to what goes out of this socket. */
  readonly hasOutgoingListeners: boolean;
  /** Whether its client may know connection state recovery. Absent: it may. */
  readonly takesOffsets?: boolean;
  /** Whether both ends count what it is sent: then it needs no offset to recover. */
  readonly isDelivered?: boolean;
  /**
   * Sends a packet that others may be sent too. A volatile one is dropped where it would have to wait. Never throws.
   * `shared`: the stream that it was just added to, for who keeps what it is sent.
   */
  deliver(packet: Outgoing, shared?: SharedPackets): void;
  notifyOutgoingListeners(packet: SocketPacket): void;
  join(rooms: Room | Room[]): Promise<void> | void;
  leave(room: Room): Promise<void> | void;
  disconnect(close?: boolean): unknown;
}

/** A namespace, as its adapter uses it. */
export interface AdapterNamespace {
  readonly name: string;
  readonly sockets: Map<SocketId, AdapterSocket>;
  /** The next acknowledgement id. Broadcasts and sockets of a namespace count together, so that an id means one thing. */
  _ids: number;
  /** Told what a listener of the adapter threw. Absent: it is thrown at whoever joined or left. */
  _adapterFailed?(cause: unknown): void;
  /** Encodes with the parser of the server. */
  encode(packet: SocketPacket, options: OutgoingOptions | undefined): Outgoing;
}

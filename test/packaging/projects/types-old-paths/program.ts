// Type imports by paths inside Socket.IO's packages, as editors insert them under `moduleResolution: "node"`.
import { Server } from "socket.io";
import type { BroadcastOperator as Broadcast } from "socket.io/dist/broadcast-operator";
import type { ExtendedError } from "socket.io/dist/namespace";
import type { Socket } from "socket.io/dist/socket";
import type { Handshake } from "socket.io/dist/socket-types";
import type { DefaultEventsMap, EventsMap } from "socket.io/dist/typed-events";
import { io as connect } from "socket.io-client";
import type { Manager } from "socket.io-client/build/esm/manager";
import type { Socket as ClientSocket } from "socket.io-client/build/esm/socket";

const io: Server<DefaultEventsMap, DefaultEventsMap> = new Server();
io.use((socket: Socket, next: (err?: ExtendedError) => void) => {
  const handshake: Handshake = socket.handshake;
  next(handshake.auth.token ? undefined : new Error("no token"));
});

export const broadcast: Broadcast<DefaultEventsMap, unknown> = io.to("room") as Broadcast<DefaultEventsMap, unknown>;
export const events: EventsMap = {};
export const client = connect("http://localhost") as unknown as ClientSocket;
export const manager = client.io as unknown as Manager;

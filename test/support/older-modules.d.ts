// Test support: releases of Socket.IO whose types are missing, or not found by their exports maps. Tests see all of them as the current one.
declare module "socket.io-client2" {
  import type { io, Manager } from "socket.io-client";

  const library: typeof io & { Manager: typeof Manager };
  export default library;
}

declare module "socket.io-client3" {
  export { io, Manager } from "socket.io-client";
}

declare module "socket.io-client4.0" {
  export { io, Manager } from "socket.io-client";
}

declare module "socket.io3" {
  export { Server } from "socket.io";
}

declare module "socket.io4.0" {
  export { Server } from "socket.io";
}

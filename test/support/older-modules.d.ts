// Test support: releases of Socket.IO that came without types, or with types that fit no other release. Tests see all of them as the current one.
declare module "socket.io-client2" {
  import type { io, Manager } from "socket.io-client";

  const library: typeof io & { Manager: typeof Manager };
  export default library;
}

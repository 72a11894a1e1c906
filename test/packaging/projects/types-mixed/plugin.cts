// A CommonJS plugin, as npm has many: it takes the program's server and makes one of its own.
import { type Namespace, Server, type Socket } from "socket.io";

interface ToServer {
  join: (room: string, joined: (count: number) => void) => void;
}
interface ToClient {
  joined: (id: string) => void;
}

export function attach(io: Server<ToServer, ToClient>): Namespace<ToServer, ToClient> {
  io.on("connection", (socket: Socket<ToServer, ToClient>) => {
    socket.on("join", (room, joined) => {
      void socket.join(room);
      socket.to(room).emit("joined", socket.id);
      joined(socket.rooms.size);
    });
  });
  return io.of("/plugin");
}

export const own: Server<ToServer, ToClient> = new Server<ToServer, ToClient>();

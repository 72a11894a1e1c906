// A custom server of Next.js: pages, its own WebSocket for development, and events, on one HTTP server. Ends with its input.
import { createServer } from "node:http";
import next from "next";
import { Server } from "socket.io";

const app = next({ dev: process.env.NODE_ENV !== "production", hostname: "localhost", port: 0 });
await app.prepare();
const httpServer = createServer(app.getRequestHandler());
const io = new Server(httpServer, { destroyUpgradeTimeout: 100 });
io.on("connection", (socket) => {
  socket.on("double", (number, answer) => answer(number * 2));
});
httpServer.listen(0, "127.0.0.1", () => console.log(`port ${httpServer.address().port}`));
process.stdin
  .on("end", async () => {
    await io.close();
    await app.close();
    process.exit();
  })
  .resume();

// Benchmark server: npm's socket.io.
import { Server } from "socket.io";
import { serveEvents } from "./events.mjs";

serveEvents(Server);

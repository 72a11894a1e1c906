// Benchmark server: vaivén as it is published: the package by its name, that is, what the build left in dist/.
import { Server } from "vaiven";
import { serveEvents } from "./events.mjs";

serveEvents(Server);

// Interop: npm's clients 3 and 4.0 at our server, and our client at npm's servers 3 and 4.0. Two pairs of npm's own check the tests themselves.
import { io as io3, Manager as Manager3 } from "socket.io-client3";
import { io as io40, Manager as Manager40 } from "socket.io-client4.0";
import { Server as Server3 } from "socket.io3";
import { Server as Server40 } from "socket.io4.0";
import type { ClientLibrary, ServerLibrary } from "../support/scene.js";
import { describeOlder } from "./older.js";
import { OURS } from "./pairs.js";

const client3: ClientLibrary = { io: io3, Manager: Manager3 };
const client40: ClientLibrary = { io: io40, Manager: Manager40 };
const server3: ServerLibrary = { Server: Server3 };
const server40: ServerLibrary = { Server: Server40 };

describeOlder({ name: "npm client 3, npm server 3", server: server3, client: client3 });
describeOlder({ name: "npm client 4.0, npm server 4.0", server: server40, client: client40 });
describeOlder({ name: "npm client 3, our server", server: OURS.server, client: client3 });
describeOlder({ name: "npm client 4.0, our server", server: OURS.server, client: client40 });
describeOlder({ name: "our client, npm server 3", server: server3, client: OURS.client });
describeOlder({ name: "our client, npm server 4.0", server: server40, client: OURS.client });

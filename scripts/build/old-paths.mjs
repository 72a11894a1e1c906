// Files of Socket.IO's packages that programs name though no exports map does: type imports under TypeScript's resolution of before
// exports maps (`moduleResolution: "node"`), as editors used to insert them. Each hands on what we have under its names.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const SERVER = {
  "typed-events": {
    "./event/event-map.js": [
      ...["AllButLast", "DecorateAcknowledgements", "DecorateAcknowledgementsWithMultipleResponses"],
      ...["DecorateAcknowledgementsWithTimeoutAndMultipleResponses", "DefaultEventsMap", "EventNames"],
      ...["EventNamesWithAck", "EventNamesWithError", "EventNamesWithoutAck", "EventParams", "EventsMap"],
      ...["FirstNonErrorArg", "FirstNonErrorTuple", "Last", "RemoveAcknowledgements"],
      ...["ReservedOrUserEventNames", "ReservedOrUserListener"],
    ],
    "./server/strict-event-emitter.js": ["StrictEventEmitter"],
  },
  socket: { "./server/socket.js": ["Socket"], "./server/socket-types.js": ["DisconnectReason", "Event", "Handshake"] },
  "socket-types": { "./server/socket-types.js": ["DisconnectReason", "Handshake", "SocketReservedEventsMap"] },
  namespace: {
    "./server/namespace.js": ["Namespace"],
    "./server/socket-types.js": ["ExtendedError", "NamespaceReservedEventsMap", "ServerReservedEventsMap"],
  },
  "broadcast-operator": { "./server/broadcast-operator.js": ["BroadcastOperator", "RemoteSocket"] },
};
/** Instrumentation (OpenTelemetry's) waits for these files to be loaded, and wraps the classes that it finds in them: what `require` answers loads them. */
export const INSTRUMENTED = ["socket", "namespace", "broadcast-operator"];

const CLIENT = {
  socket: {
    "./client/socket.js": ["Socket"],
    "./client/socket-options.js": ["DisconnectDescription", "ExtendedError", "SocketOptions", "SocketReservedEvents"],
  },
  manager: {
    "./entry/client-browser.js": ["Manager", "ManagerOptions", "ManagerReservedEvents"],
  },
};

/**
 * Writes a declaration file for each old path, and a module that answers what is no type.
 *
 * @param {object} folders
 * @param {string} folders.server `dist/` of the server, which is CommonJS
 * @param {string} folders.client `build/esm/` of the client, which is ES modules
 */
export function writeOldPaths({ server, client }) {
  for (const [name, sources] of Object.entries(SERVER)) {
    writeFileSync(join(server, `${name}.d.ts`), declarations(sources));
    const required = Object.keys(sources).map((source) => `require("${source}")`);
    writeFileSync(
      join(server, `${name}.js`),
      `"use strict";\nmodule.exports = Object.assign({}, ${required.join(", ")});\n`,
    );
  }
  for (const [name, sources] of Object.entries(CLIENT)) {
    writeFileSync(join(client, `${name}.d.ts`), declarations(sources));
    const handedOn = Object.keys(sources).map((source) => `export * from "${source}";\n`);
    writeFileSync(join(client, `${name}.js`), handedOn.join(""));
  }
}

function declarations(sources) {
  return Object.entries(sources)
    .map(([source, names]) => `export { ${names.join(", ")} } from "${source}";\n`)
    .join("");
}

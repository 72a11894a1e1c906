// Example: starts the chat. `npx tsx examples/chat/server.ts`, with PORT, HOST and ADMIN_TOKEN from the environment.
import { createApp } from "./app.js";

const port = Number(process.env["PORT"] || 3000);
// Loopback unless told otherwise: a program under development is not for the whole network to see.
const host = process.env["HOST"] || "127.0.0.1";
const adminToken = process.env["ADMIN_TOKEN"];
const chat = createApp({ adminToken });

if (!Number.isInteger(port) || port < 0 || port > 65535) {
  fail(`PORT is "${process.env["PORT"]}"; expected a port number from 0 to 65535.`);
}

chat.server.once("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EADDRINUSE") {
    fail(`Port ${port} is in use. Stop the other program, or choose another port: PORT=${port + 1}`);
  }
  if (error.code === "EACCES") fail(`Port ${port} is not permitted. Choose one from 1024 on: PORT=3000`);
  fail(`Cannot listen on ${host}:${port}: ${error.message}`);
});

chat.server.listen(port, host, () => {
  const address = chat.server.address();
  const open = typeof address === "object" && address !== null ? address.port : port;
  const shown = host === "127.0.0.1" || host === "0.0.0.0" || host === "::" ? "localhost" : host;
  console.log(`chat: http://${shown}:${open}  (Ctrl+C to stop)`);
  if (adminToken) console.log(`administrators: http://${shown}:${open}/admin`);
  else console.log("administrators: none, ADMIN_TOKEN is not set");
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Once: a second Ctrl+C ends the process at once, as it would without this.
  process.once(signal, () => {
    chat.close().catch((error: unknown) => fail(`Closing failed: ${String(error)}`));
  });
}

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}

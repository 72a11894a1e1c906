// Example: starts the tutorial's program. `npm start`, or `PORT=8080 HOST=0.0.0.0 npm start`.
import { createApp } from "./app.js";

const port = Number(process.env["PORT"] || 3000);
// Loopback unless told otherwise: a program under development is not for the whole network to see.
const host = process.env["HOST"] || "127.0.0.1";
const bienvenida = createApp();

if (!Number.isInteger(port) || port < 0 || port > 65535) {
  fail(`PORT es «${process.env["PORT"]}», y tiene que ser un número de puerto entre 0 y 65535.`);
}

bienvenida.server.once("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EADDRINUSE") {
    fail(`El puerto ${port} ya está en uso. Cerrá el otro programa, o elegí otro puerto: PORT=${port + 1} npm start`);
  }
  if (error.code === "EACCES") {
    fail(`No hay permiso para usar el puerto ${port}. Elegí uno desde 1024: PORT=3000 npm start`);
  }
  fail(`No se pudo abrir ${host}:${port}: ${error.message}`);
});

bienvenida.server.listen(port, host, () => {
  const address = bienvenida.server.address();
  const open = typeof address === "object" && address !== null ? address.port : port;
  const shown = host === "127.0.0.1" || host === "0.0.0.0" || host === "::" ? "localhost" : host;
  console.log(`bienvenida, el programa del tutorial: http://${shown}:${open}  (Ctrl+C para terminar)`);
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  // Once: a second Ctrl+C ends the process at once, as it would without this.
  process.once(signal, () => {
    console.log("Hasta luego.");
    bienvenida.close().catch((error: unknown) => fail(`El cierre falló: ${String(error)}`));
  });
}

function fail(reason: string): never {
  console.error(reason);
  process.exit(1);
}

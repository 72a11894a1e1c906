// The browser files as a browser receives them, compressed with brotli, against a ceiling that keeps them from growing and against the aim
// (docs/performance.md says what is in them). `npm run build` comes first.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const KB = 1024;
const folder = fileURLToPath(new URL("../client-dist", import.meta.url));

/** Bytes that a minified file may take at most, and should take, by the part of its name that tells the builds apart. Lower the ceiling with every gain. */
function limitsOf(name) {
  if (name.includes("websocket")) return { ceiling: 5000, aim: 5 * KB };
  // The codec of MessagePack comes on top of the full build.
  if (name.includes("msgpack")) return { ceiling: 10_150, aim: 10.5 * KB };
  return { ceiling: 8120, aim: 8 * KB };
}

const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^vaiven\..*min\.js$/.test(name)) : [];
const kilobytes = (bytes) => (bytes / KB).toFixed(2).padStart(9);
const titles = ["minified", "gzip", "brotli", "ceiling", "aim"].map((title) => title.padStart(9)).join("");
let over = names.length === 0 ? 1 : 0;
console.log(`${"file".padEnd(32)}${titles}  (KB)`);
for (const name of names) {
  const bytes = readFileSync(join(folder, name));
  const brotli = brotliCompressSync(bytes).length;
  const { ceiling, aim } = limitsOf(name);
  if (brotli > ceiling) over += 1;
  const verdict = brotli > ceiling ? "  TOO LARGE" : brotli > aim ? "  above the aim" : "";
  console.log(
    name.padEnd(32) + [bytes.length, gzipSync(bytes).length, brotli, ceiling, aim].map(kilobytes).join("") + verdict,
  );
}
if (names.length === 0) console.error("no browser files: run `npm run build` first");
process.exitCode = over === 0 ? 0 : 1;

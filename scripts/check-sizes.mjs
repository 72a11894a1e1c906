// The browser files against their limits, as a browser receives them: compressed with brotli. `npm run build` comes first.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const KB = 1024;
const folder = fileURLToPath(new URL("../client-dist", import.meta.url));

/** Most bytes that a minified file may take, by the part of its name that tells the builds apart. */
function limitOf(name) {
  if (name.includes("websocket")) return 5 * KB;
  // The parser of msgpack comes on top of the full build.
  if (name.includes("msgpack")) return (8 + 2.5) * KB;
  return 8 * KB;
}

const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^vaiven\..*min\.js$/.test(name)) : [];
const kilobytes = (bytes) => (bytes / KB).toFixed(2).padStart(9);
let over = names.length === 0 ? 1 : 0;
console.log(
  `${"file".padEnd(32)}${"minified".padStart(9)}${"gzip".padStart(9)}${"brotli".padStart(9)}${"limit".padStart(9)}  (KB)`,
);
for (const name of names) {
  const bytes = readFileSync(join(folder, name));
  const brotli = brotliCompressSync(bytes).length;
  const verdict = brotli > limitOf(name) ? "  over" : "";
  if (verdict !== "") over += 1;
  console.log(
    name.padEnd(32) + [bytes.length, gzipSync(bytes).length, brotli, limitOf(name)].map(kilobytes).join("") + verdict,
  );
}
if (names.length === 0) console.error("no browser files: run `npm run build` first");
process.exitCode = over === 0 ? 0 : 1;

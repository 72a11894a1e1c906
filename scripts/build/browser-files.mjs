// The files that a page loads with a script tag, from the browser entry, by rolldown. ES2015 is the floor of their syntax;
// scripts/check-syntax.mjs holds them to it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { rolldown } from "rolldown";
import { noDelivery, packetDigits, privateNames, shortErrors } from "./minified.mjs";

const GLOBAL_ENTRY = "vaiven:global";

/** The script-tag files put one function on the page, `io`, that carries every export as a property: those of `names`, and what it has already. */
const globalEntry = (entry, names) => ({
  name: "global-entry",
  resolveId: (id) => (id === GLOBAL_ENTRY ? id : null),
  load: (id) =>
    id === GLOBAL_ENTRY
      ? names.length === 0
        ? `export { default } from ${JSON.stringify(entry)};`
        : `import { ${names.join(", ")} } from ${JSON.stringify(entry)};
           export default Object.assign(io, { ${names.join(", ")}, default: io });`
      : null,
});

/** What our sources never do, so that the lowered code need not provide for it. */
const ASSUMPTIONS = {
  noDocumentAll: true,
  setPublicClassFields: true,
};

/**
 * Writes the browser files and their maps.
 *
 * @param {object} options
 * @param {string} options.entry the browser entry's source; `-websocket` and `-msgpack` stand beside it
 * @param {string[]} options.names what it exports, other than the default
 * @param {string} options.to the folder for the files that pages load
 * @param {string} options.module the file for bundlers that take the client out of the server's package
 * @param {string} options.version stands in the first line of each file
 */
export async function writeBrowserFiles({ entry, names, to, module, version }) {
  const banner = `/*! vaivén ${version} | MIT */`;
  const global = { format: "umd", name: "io", exports: "default" };
  const digits = packetDigits(join(dirname(entry), "../packet/socket-packet.ts"));
  /** Names that are public in one file may be private in another. */
  const minified = (source) => ({
    minify: { compress: true, mangle: true, mangleProps: { include: privateNames([source]) } },
    comments: { annotation: false },
  });
  const script = names.filter((name) => !MODULES_ONLY.includes(name));
  const websocket = { source: variant(entry, "websocket"), names: [] };
  const msgpack = { source: variant(entry, "msgpack"), names: script };
  const files = [
    { path: join(to, "vaiven.js"), source: entry, names: script, output: { ...global, minify: false } },
    { path: join(to, "vaiven.min.js"), source: entry, names: script, output: { ...global, ...minified(entry) } },
    { path: join(to, "vaiven.esm.min.js"), source: entry, output: { format: "es", ...minified(entry) } },
    { path: join(to, "vaiven.websocket.min.js"), ...websocket, output: { ...global, ...minified(websocket.source) } },
    {
      path: join(to, "vaiven.websocket.esm.min.js"),
      source: websocket.source,
      output: { format: "es", ...minified(websocket.source) },
    },
    { path: join(to, "vaiven.msgpack.min.js"), ...msgpack, output: { ...global, ...minified(msgpack.source) } },
    { path: module, source: entry, output: { format: "es", minify: false } },
  ];
  for (const { path, source, names: exported, output } of files) {
    const bundle = await rolldown({
      input: exported ? GLOBAL_ENTRY : source,
      // Not the repository's: its target keeps class fields, which are then lowered to a helper's calls.
      tsconfig: false,
      platform: "browser",
      transform: {
        target: "es2015",
        assumptions: ASSUMPTIONS,
        typescript: { removeClassFieldsWithoutInitializer: true },
      },
      plugins: [exported && globalEntry(source, exported), output.minify && [shortErrors, digits, noDelivery]],
      onLog: (level, log) => {
        if (level === "warn") throw new Error(`rolldown, ${path}: ${log.message}`);
      },
    });
    await bundle.write({ ...output, file: path, banner, sourcemap: true, codeSplitting: false });
    await bundle.close();
  }
}

/** What script tags do not get, as with Socket.IO: who has no XMLHttpRequest has modules. */
const MODULES_ONLY = ["Fetch"];

const variant = (entry, name) => entry.replace(/\.ts$/, `-${name}.ts`);

/** Copies each browser file under Socket.IO's name too: pages say `/socket.io/socket.io.js`, and CDNs serve `dist/socket.io.min.js`. */
export function copyUnderBothNames(from, to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const theirs = name.replace(/^vaiven\./, "socket.io.");
    if (theirs === name) continue;
    if (from !== to) copyFileSync(join(from, name), join(to, name));
    if (name.endsWith(".map")) {
      copyFileSync(join(from, name), join(to, theirs));
      continue;
    }
    const text = readFileSync(join(from, name), "utf8");
    writeFileSync(join(to, theirs), text.replace(/(\/\/# sourceMappingURL=)vaiven\./, "$1socket.io."));
  }
}

// The files that a page loads with a script tag, from the browser entry, by rolldown. ES2015 is the floor of their syntax;
// scripts/check-syntax.mjs holds them to it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rolldown } from "rolldown";
import { packetDigits, privateNames, shortErrors, shortWrapper } from "./minified.mjs";

const GLOBAL_ENTRY = "vaiven:global";

/** The script-tag files put one function on the page, `io`: the default export of `entry`, which carries everything else as properties. */
const globalEntry = (entry) => ({
  name: "global-entry",
  resolveId: (id) => (id === GLOBAL_ENTRY ? id : null),
  load: (id) => (id === GLOBAL_ENTRY ? `export { default } from ${JSON.stringify(entry)};` : null),
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
 * @param {string} options.entries the folder of the sources, of which each has a variant of its own
 * @param {string} options.to the folder for the files that pages load
 * @param {string} options.module the file for bundlers that take the client out of the server's package
 * @param {string} options.version stands in the first line of each file
 */
export async function writeBrowserFiles({ entries, to, module, version }) {
  const banner = `/*! vaivén ${version} | MIT */`;
  const entry = (variant) => join(entries, `client-browser${variant}.ts`);
  const [full, websocket, msgpack] = ["-full", "-websocket", "-msgpack"].map(entry);
  const digits = packetDigits(join(entries, "../packet/socket-packet.ts"));
  const script = { format: "umd", name: "io", exports: "default" };
  const esm = { format: "es" };
  const files = [
    { path: join(to, "vaiven.js"), source: full, output: { ...script, minify: false } },
    { path: join(to, "vaiven.min.js"), source: full, output: script },
    { path: join(to, "vaiven.esm.min.js"), source: full, output: esm },
    { path: join(to, "vaiven.websocket.min.js"), source: websocket, output: script },
    { path: join(to, "vaiven.websocket.esm.min.js"), source: websocket, output: esm },
    { path: join(to, "vaiven.msgpack.min.js"), source: msgpack, output: script },
    { path: module, source: entry(""), output: { ...esm, minify: false } },
  ];
  for (const { path, source, output } of files) {
    const isScript = output.format === "umd";
    const isMinified = output.minify !== false;
    const bundle = await rolldown({
      input: isScript ? GLOBAL_ENTRY : source,
      // Not the repository's: its target keeps class fields, which are then lowered to a helper's calls.
      tsconfig: false,
      platform: "browser",
      transform: {
        target: "es2015",
        assumptions: ASSUMPTIONS,
        typescript: { removeClassFieldsWithoutInitializer: true },
      },
      plugins: [
        isScript && globalEntry(source),
        isMinified && [shortErrors, digits],
        isMinified && isScript && shortWrapper,
      ],
      onLog: (level, log) => {
        if (level === "warn") throw new Error(`rolldown, ${path}: ${log.message}`);
      },
    });
    await bundle.write({
      ...(isMinified && {
        // Names that are public in one file may be private in another.
        minify: { compress: true, mangle: true, mangleProps: { include: privateNames([source]) } },
        comments: { annotation: false },
      }),
      ...output,
      file: path,
      banner,
      sourcemap: true,
      codeSplitting: false,
    });
    await bundle.close();
  }
}

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

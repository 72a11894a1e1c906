// What `require("vaiven")` and `require("vaiven-client")` answer: a function that carries every export of the entry as a
// property. Neither TypeScript's CommonJS output nor its declarations can say that from ES module syntax, so the four
// files around an entry are written here: index.js and index.d.ts (CommonJS), index.mjs and index.d.mts, which hand on
// the CommonJS ones, so that both kinds of program hold the same classes.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseSync } from "rolldown/utils";

/**
 * Writes the four files; answers the names of the entry's values.
 *
 * @param {object} options
 * @param {string} options.folder where the compiled `entry/` stands and the four files go
 * @param {string} options.entry the entry's name in it, such as `server`
 * @param {string} options.index the name of the four files, such as `index`
 * @param {string} options.call the function, as JavaScript that uses `entry`
 * @param {string} options.signatures the function named `callable`, as declarations that use the entry's exports
 * @param {string[]} [options.shown] modules beside the index that it loads only to be seen doing it
 */
export function writeCallable({ folder, entry, index, call, signatures, shown = [] }) {
  const { values, everything } = namesOf(folder, entry);
  const write = (name, text) => writeFileSync(join(folder, name), `${text.trim()}\n`);
  write(
    `${index}.js`,
    `"use strict";
const entry = require("./entry/${entry}.js");
const callable = ${call};
module.exports = Object.assign(callable, entry, { default: callable });
${shown.map((name) => `require("./${name}.js");`).join("\n")}`,
  );
  write(
    `${index}.d.ts`,
    `import { ${everything.join(", ")} } from "./entry/${entry}.js";
${signatures.trim()}
declare namespace callable {
  export { ${everything.join(", ")}, callable as default };
}
export = callable;`,
  );
  write(
    `${index}.mjs`,
    `import callable from "./${index}.js";
export const { ${values.join(", ")} } = callable;
export default callable;`,
  );
  write(`${index}.d.mts`, `export { ${everything.join(", ")}, default } from "./${index}.js";`);
  return values;
}

/**
 * The same four files for an entry that is no function: they only hand on its exports.
 *
 * @param {object} options as for {@link writeCallable}; the four files are named after the entry
 */
export function writeNamed({ folder, entry }) {
  const { values, everything } = namesOf(folder, entry);
  const write = (ending, text) => writeFileSync(join(folder, `${entry}.${ending}`), `${text}\n`);
  write("js", `"use strict";\nmodule.exports = require("./entry/${entry}.js");`);
  write("d.ts", `export { ${everything.join(", ")} } from "./entry/${entry}.js";`);
  write("mjs", `import entry from "./${entry}.js";\nexport const { ${values.join(", ")} } = entry;`);
  write("d.mts", `export { ${everything.join(", ")} } from "./${entry}.js";`);
}

/** The names of a compiled entry's values, and of everything that it exports, types too; without the default. */
function namesOf(folder, entry) {
  const declared = exportedNames(join(folder, "entry", `${entry}.d.ts`));
  const values = Object.keys(createRequire(join(folder, "entry/"))(`./${entry}.js`)).filter(
    (name) => name !== "default",
  );
  const types = declared.filter((name) => name !== "default" && !values.includes(name));
  return { values, everything: [...values, ...types].sort() };
}

/** The names that a declaration file exports. An entry names each of its exports, so `export *` is refused. */
function exportedNames(path) {
  const { program } = parseSync(path, readFileSync(path, "utf8"), { lang: "dts" });
  const names = [];
  for (const statement of program.body) {
    if (statement.type === "ExportAllDeclaration" && statement.exported === null) {
      throw new Error(`${path}: an entry names each of its exports, "export *" hides them`);
    }
    if (statement.type === "ExportDefaultDeclaration") names.push("default");
    if (statement.type === "ExportAllDeclaration") names.push(statement.exported.name);
    if (statement.type !== "ExportNamedDeclaration") continue;
    for (const { exported } of statement.specifiers) names.push(exported.name ?? exported.value);
    const { declaration } = statement;
    if (declaration?.id) names.push(declaration.id.name);
    for (const { id } of declaration?.declarations ?? []) names.push(id.name);
  }
  return [...new Set(names)];
}

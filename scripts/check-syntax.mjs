// Holds the browser files to the floor of their syntax, ES2015, and to what a strict Content-Security-Policy and a page
// without Node's globals allow. `npm run build` comes first.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "acorn";
import { parseSync, Visitor } from "rolldown/utils";

const FILES = [
  "vaiven.js",
  "vaiven.min.js",
  "vaiven.esm.min.js",
  "vaiven.websocket.min.js",
  "vaiven.websocket.esm.min.js",
  "vaiven.msgpack.min.js",
];
/** Called or constructed, these need a policy with `unsafe-eval`, or a bundler. */
const FORBIDDEN_CALLS = new Set(["eval", "Function", "require"]);
/** Node's globals: an object that is read from them does not exist in a page. */
const NODE_GLOBALS = new Set(["process", "Buffer", "__dirname"]);

/** What is wrong with one file, as sentences. */
export function faultsOf(name, text) {
  const faults = [];
  try {
    parse(text, { ecmaVersion: 2015, sourceType: name.includes(".esm.") ? "module" : "script" });
  } catch (error) {
    faults.push(`is not ES2015: ${error.message}`);
  }
  const { program } = parseSync(name, text);
  const call = (node) => {
    if (node.callee.type === "Identifier" && FORBIDDEN_CALLS.has(node.callee.name))
      faults.push(`calls ${node.callee.name}`);
  };
  new Visitor({
    CallExpression: call,
    NewExpression: call,
    MemberExpression: (node) => {
      if (node.object.type === "Identifier" && NODE_GLOBALS.has(node.object.name)) {
        faults.push(`uses ${node.object.name}, which is Node's`);
      }
    },
  }).visit(program);
  return faults;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = fileURLToPath(new URL("../client-dist", import.meta.url));
  let faulty = 0;
  for (const name of FILES) {
    const faults = existsSync(join(folder, name))
      ? faultsOf(name, readFileSync(join(folder, name), "utf8"))
      : ["is missing"];
    for (const fault of faults) console.error(`client-dist/${name} ${fault}`);
    if (faults.length > 0) faulty += 1;
  }
  console.log(faulty === 0 ? "browser syntax: ES2015 kept" : `browser syntax: ${faulty} files at fault`);
  process.exitCode = faulty === 0 ? 0 : 1;
}

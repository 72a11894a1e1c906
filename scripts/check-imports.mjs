// The import rule: a file imports its own folder and the folders to its left. It is read from the syntax tree, so that
// type-only imports, `import("…")` types and re-exports count too, and judged by resolved folders, not by a path's spelling.
//
//   errors < frame < packet < session < http < event < adapter < { server | client | node | browser } < cluster < entry < { admin, cli }
//
// Usage: node scripts/check-imports.mjs [folder, by default src]
import { readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "rolldown/utils";

/** Columns of the rule, left to right. Folders that share a column never import one another. */
const COLUMNS = [
  ["errors"],
  ["frame"],
  ["packet"],
  ["session"],
  ["http"],
  ["event"],
  ["adapter"],
  ["server", "client", "node", "browser"],
  ["cluster"],
  ["entry"],
  ["admin", "cli"],
];
const COLUMN_OF = new Map(COLUMNS.flatMap((folders, column) => folders.map((folder) => [folder, column])));

/** Where Node's modules may be imported; server/ has two exceptions of its own, see `judgeBuiltin`. */
const NODE_FOLDERS = new Set(["node", "cluster", "entry", "cli"]);
/** The stages that a message passes without any code but ours, and without I/O of their own. */
const PURE_FOLDERS = new Set(["errors", "frame", "packet", "session", "http", "event", "adapter"]);
/** These stand outside and use what users use. */
const PUBLIC_API_ONLY = new Set(["admin", "cli"]);

/** Every violation in the tree under `root`, as `{ file, line, specifier, message }`. */
export function checkImports(root) {
  const violations = [];
  for (const file of sourceFiles(root)) {
    const from = folderOf(root, file);
    if (!COLUMN_OF.has(from)) {
      violations.push({ file, line: 1, specifier: "", message: `"${from}" is not a folder of the import rule` });
      continue;
    }
    for (const found of importsOf(file)) {
      const message = judge(root, file, from, found);
      if (message !== undefined) violations.push({ file, line: found.line, specifier: found.specifier, message });
    }
  }
  return violations;
}

function judge(root, file, from, { specifier, typeOnly }) {
  if (isBuiltin(specifier)) return judgeBuiltin(from, specifier, typeOnly);
  if (!specifier.startsWith(".")) return PURE_FOLDERS.has(from) ? `${from}/ is pure: it imports no package` : undefined;
  if (!specifier.endsWith(".js")) return "a relative specifier ends in .js";
  const target = resolve(dirname(file), specifier.replace(/\.js$/, ".ts"));
  if (relative(root, target).startsWith("..")) return "leads out of the source tree";
  if (statSync(target, { throwIfNoEntry: false }) === undefined) return "leads to no file";
  const to = folderOf(root, target);
  if (to === from) return undefined;
  if (!COLUMN_OF.has(to)) return `"${to}" is not a folder of the import rule`;
  if (PUBLIC_API_ONLY.has(from)) {
    return to === "entry" ? undefined : `${from}/ uses the public API only: it imports entry/ and itself`;
  }
  if (COLUMN_OF.get(to) < COLUMN_OF.get(from)) return undefined;
  return COLUMN_OF.get(to) === COLUMN_OF.get(from)
    ? `${from}/ and ${to}/ never import one another: entry/ brings them together`
    : `${from}/ stands left of ${to}/`;
}

function judgeBuiltin(from, specifier, typeOnly) {
  if (!specifier.startsWith("node:")) return `write "node:${specifier}"`;
  if (NODE_FOLDERS.has(from)) return undefined;
  // Two exceptions: users pass Node's own servers and requests to server/, and Server, Namespace, Socket and Adapter are EventEmitters.
  if (from === "server" && (typeOnly || specifier === "node:events")) return undefined;
  return from === "server"
    ? "server/ takes types from node:* and nothing else but node:events"
    : `${from}/ imports nothing from node:*`;
}

/** Each import, re-export, dynamic import, import type and `require` of a file, as `{ line, specifier, typeOnly }`. */
export function importsOf(file) {
  const text = readFileSync(file, "utf8");
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`${file} does not parse: ${errors[0].message}`);
  const found = [];
  const add = (node, source, typeOnly) => {
    const line = text.slice(0, node.start).split("\n").length;
    if (source?.type === "Literal" && typeof source.value === "string") {
      found.push({ line, specifier: source.value, typeOnly });
    } else {
      found.push({ line, specifier: "(computed)", typeOnly });
    }
  };
  new Visitor({
    ImportDeclaration: (node) => add(node, node.source, isTypeOnly(node.importKind, node.specifiers, "importKind")),
    ExportNamedDeclaration: (node) => {
      if (node.source) add(node, node.source, isTypeOnly(node.exportKind, node.specifiers, "exportKind"));
    },
    ExportAllDeclaration: (node) => add(node, node.source, node.exportKind === "type"),
    ImportExpression: (node) => add(node, node.source, false),
    TSImportType: (node) => add(node, node.source, true),
    TSExternalModuleReference: (node) => add(node, node.expression, false),
    CallExpression: (node) => {
      if (node.callee.type === "Identifier" && node.callee.name === "require") add(node, node.arguments[0], false);
    },
  }).visit(program);
  return found;
}

function isTypeOnly(kind, specifiers, kindOfSpecifier) {
  if (kind === "type") return true;
  return specifiers.length > 0 && specifiers.every((specifier) => specifier[kindOfSpecifier] === "type");
}

/** The first folder below `root`; for a file in `root` itself, its name without the ending (`errors`). */
function folderOf(root, file) {
  return relative(root, file).split(sep)[0].replace(/\.ts$/, "");
}

function sourceFiles(root) {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = resolve(process.argv[2] ?? fileURLToPath(new URL("../src", import.meta.url)));
  const violations = checkImports(root);
  for (const { file, line, specifier, message } of violations) {
    console.error(`${relative(process.cwd(), file)}:${line}  "${specifier}"  ${message}`);
  }
  console.log(violations.length === 0 ? "import rule: kept" : `import rule: ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}

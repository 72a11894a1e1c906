// What the minified browser files have beyond the minifier's own work. The files for reading, `vaiven.js` and those for bundlers, have none of it.
//
// Private names: names that the sources declare only as `private`, `protected` or `@internal` become one or two letters. A name stays that is also
// declared in any other way (as what travels has to be), stands in a text, or is known to the platform (TypeScript's declarations of the DOM and of ECMAScript).
//
// Packet types: the digit stands in the place of `PacketType.EVENT` and its like, of which minifiers know only that it is a property of an object.
//
// Short errors: the explanations in errors of ours are left out, the code is the message then, and docs/reference/errors.md explains it.
// Messages that Socket.IO has too (`timeout`, `websocket error`) stay.
//
// A short wrapper: scripts begin with what makes them a global, or a CommonJS or AMD module.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseSync, Visitor } from "rolldown/utils";

/** The property names that the minified files need not keep, as the pattern that rolldown's `mangleProps.include` takes. `entries` are the files' sources. */
export function privateNames(entries) {
  const hidden = new Set();
  const kept = new Set(platformNames());
  for (const file of sourcesOf(entries)) {
    const text = readFileSync(file, "utf8");
    const { program, comments } = parseSync(file, text);
    /** Where the declaration ends in which everything is internal. */
    let internalUntil = 0;
    /** Where texts begin that are types, such as `Host["soon"]`. */
    const types = new Set();
    const declare = (node) => {
      if (node.computed || node.key?.type !== "Identifier") return;
      const isHidden = node.accessibility === "private" || node.accessibility === "protected";
      const hides = isHidden || node.start < internalUntil || isInternal(node, text, comments);
      (hides ? hidden : kept).add(node.key.name);
      if (hides) internalUntil = Math.max(internalUntil, node.end);
    };
    const enter = (node) => {
      if (isInternal(node, text, comments)) internalUntil = node.end;
    };
    new Visitor({
      ExportNamedDeclaration: enter,
      ClassDeclaration: enter,
      TSInterfaceDeclaration: enter,
      PropertyDefinition: declare,
      MethodDefinition: declare,
      TSAbstractMethodDefinition: declare,
      TSAbstractPropertyDefinition: declare,
      TSPropertySignature: declare,
      TSMethodSignature: declare,
      ObjectExpression: ({ properties }) => properties.forEach(declare),
      TSLiteralType: ({ literal }) => types.add(literal.start),
      Literal: ({ value, start }) => typeof value === "string" && !types.has(start) && kept.add(value),
    }).visit(program);
  }
  const names = [...hidden].filter((name) => !kept.has(name));
  return new RegExp(`^(?:${names.sort().join("|").replaceAll("$", "\\$")})$`);
}

/** `entries` and everything that they import, types too: those say which names are public. */
function sourcesOf(entries) {
  const files = new Set(entries);
  for (const file of files) {
    const { module } = parseSync(file, readFileSync(file, "utf8"));
    for (const { moduleRequest } of [
      ...module.staticImports,
      ...module.staticExports.flatMap(({ entries }) => entries),
    ]) {
      if (moduleRequest?.value.startsWith("."))
        files.add(join(dirname(file), moduleRequest.value.replace(/\.js$/, ".ts")));
    }
  }
  return files;
}

/** Whether the comment that stands right before `node` says `@internal`. */
function isInternal(node, text, comments) {
  const comment = comments.filter(({ end }) => end <= node.start).at(-1);
  return comment?.value.includes("@internal") && text.slice(comment.end, node.start).trim() === "";
}

/** Every word in TypeScript's declarations of browsers and of ECMAScript. */
function platformNames() {
  const require = createRequire(createRequire(import.meta.url).resolve("typescript/package.json"));
  const compiler = `@typescript/typescript-${process.platform}-${process.arch}/package.json`;
  const folder = join(dirname(require.resolve(compiler)), "lib");
  return readdirSync(folder)
    .filter((name) => /^lib\.(?:dom|es).*\.d\.ts$/.test(name))
    .flatMap((name) =>
      readFileSync(join(folder, name), "utf8")
        .replace(/\/\*[\s\S]*?\*\//g, "")
        .match(/\b[A-Za-z_]\w*/g),
    );
}

/** The explanations, which all begin in these ways: Socket.IO's messages do not. */
const EXPLANATION = /^["'`](?:expected|the|no listener) /;

/** A plugin of rolldown: errors without their explanations. What is taken out is filled with spaces, so that positions in maps stay. */
export const shortErrors = {
  name: "short-errors",
  transform(text, id) {
    if (!id.endsWith(".ts") || !text.includes("new VaivenError(")) return null;
    let code = text;
    new Visitor({
      NewExpression({ callee, arguments: [, message] }) {
        if (callee.name !== "VaivenError" || message === undefined) return;
        const { start, end } = message;
        const written = text.slice(start, end);
        if (!EXPLANATION.test(written)) return;
        code = `${code.slice(0, start)}""${written.slice(2).replace(/[^\n]/g, " ")}${code.slice(end)}`;
      },
    }).visit(parseSync(id, text).program);
    return { code, map: null };
  },
};

/** The digits of `PacketType` in src/packet/socket-packet.ts, by name. */
function packetTypes(text) {
  const [, body] = /export const PacketType = \{([^}]*)\} as const/.exec(text);
  return Object.fromEntries([...body.matchAll(/^ {2}([A-Z_]+): (\d),$/gm)].map(([, name, digit]) => [name, digit]));
}

/** A plugin of rolldown: packet types as digits, with spaces behind them, so that positions in maps stay. */
export const packetDigits = (file) => {
  const types = packetTypes(readFileSync(file, "utf8"));
  return {
    name: "packet-digits",
    transform(text, id) {
      if (!id.endsWith(".ts") || id === file) return null;
      const code = text.replace(/\bPacketType\.([A-Z_]+)\b/g, (written, name) => types[name].padEnd(written.length));
      return { code, map: null };
    },
  };
};

/** What rolldown writes before the code of a script that may be a CommonJS or an AMD module too. */
const UMD =
  /\(function\(e,t\)\{typeof exports==`object`&&typeof module<`u`\?module\.exports=t\(\):typeof define==`function`&&define\.amd\?define\(\[\],t\):\(e=typeof globalThis<`u`\?globalThis:e\|\|self,e\.(\w+)=t\(\)\)\}\)\(this,function\(\)\{/;

/** A plugin of rolldown: the same for pages and workers, which all have `self`, in fewer bytes. With spaces behind it, so that positions in maps stay. */
export const shortWrapper = {
  name: "short-wrapper",
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      const { code } = chunk;
      if (!UMD.test(code)) throw new Error("rolldown writes another beginning than the one that is shortened here");
      chunk.code = code.replace(UMD, (written, name) =>
        `(function(e){typeof exports==\`object\`&&typeof module==\`object\`?module.exports=e():typeof define==\`function\`&&define.amd?define([],e):self.${name}=e()})(function(){`.padEnd(
          written.length,
        ),
      );
    }
  },
};

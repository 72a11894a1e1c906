// What the minified browser files have beyond the minifier's own work. The files for reading, `vaiven.js` and those for bundlers, have none of it.
//
// Private names: names that the sources declare only as `private`, `protected` or `@internal` become one or two letters. A name stays that is also
// declared in any other way, stands in a text, or is known to the platform (TypeScript's declarations of the DOM and of ECMAScript).
//
// Short errors: the explanations in errors of ours are left out, the code is the message then, and docs/reference/errors.md explains it.
// Messages that Socket.IO has too (`timeout`, `websocket error`) stay.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parseSync, Visitor } from "rolldown/utils";

/** The stages whose sources may be part of a client. */
const STAGES = ["packet", "session", "http", "event", "client", "browser", "entry"];

/** The property names that the minified files need not keep, as the pattern that rolldown's `mangleProps.include` takes. */
export function privateNames(sources) {
  const hidden = new Set();
  const kept = new Set(platformNames());
  const files = STAGES.flatMap((stage) => readdirSync(join(sources, stage)).map((name) => join(sources, stage, name)));
  for (const file of [...files, join(sources, "errors.ts")]) {
    const text = readFileSync(file, "utf8");
    const { program, comments } = parseSync(file, text);
    const declare = (node) => {
      if (node.computed || node.key?.type !== "Identifier") return;
      const isHidden = node.accessibility === "private" || node.accessibility === "protected";
      (isHidden || isInternal(node, text, comments) ? hidden : kept).add(node.key.name);
    };
    new Visitor({
      PropertyDefinition: declare,
      MethodDefinition: declare,
      TSAbstractMethodDefinition: declare,
      TSAbstractPropertyDefinition: declare,
      TSPropertySignature: declare,
      TSMethodSignature: declare,
      ObjectExpression: ({ properties }) => properties.forEach(declare),
      Literal: (node) => typeof node.value === "string" && kept.add(node.value),
    }).visit(program);
  }
  const names = [...hidden].filter((name) => !kept.has(name));
  return new RegExp(`^(?:${names.sort().join("|").replaceAll("$", "\\$")})$`);
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

// Every js and ts block of README.md and docs/ parses and type-checks; those that are programs run, against the library's source.
//
// A comment on a line of its own before the block says more about it:
//   <!-- run: GROUP ROLE -->     the block is (a part of) a program. Blocks of one group and role on a page make one program, in
//                                order; the programs of a group run side by side, the server first. What a line is said to print,
//                                `console.log(x); // → text`, must be printed. The port 3000 is replaced by a free one.
//   <!-- with: client -->        `io` and `socket`, where the block does not define them, are the client's. Otherwise the server's.
//   <!-- parse-only: reason -->  the block uses what is not there to be checked against.
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAst } from "rolldown/parseAst";
import { beforeAll, describe, expect, it } from "vitest";
import { type CodeBlock, codeBlocks, expectedOutput, readBlocks } from "../support/code-blocks.js";
import { runProgram } from "../support/example-program.js";
import { freePort } from "../support/services.js";
import { inTime } from "../support/waiting.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FOLDER = "build/docs-examples"; // inside the package, so that its name and its dependencies resolve
const blocks = readBlocks(ROOT);
const place = (block: CodeBlock): string => `${block.page}:${block.line}`;

beforeAll(() => {
  rmSync(join(ROOT, FOLDER), { recursive: true, force: true });
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
});

describe("every code block of the documentation", () => {
  it.each(blocks.map((block) => [place(block), block] as const))("%s parses", (_place, block) => {
    parseAst(block.code, { lang: block.language, sourceType: isCommonJs(block.code) ? "commonjs" : "module" });
  });

  const checked = blocks.filter((block) => block.parseOnly === undefined);
  const kinds = (["server", "client"] as const).flatMap((context) =>
    (["ts", "js"] as const).map((language) => ({ context, language })),
  );
  it.each(kinds)("type-checks: $language where io and socket are the $context's", ({ context, language }) => {
    const own = checked.filter((block) => block.context === context && block.language === language);
    if (own.length === 0) return;
    const { problems } = typeCheck(`${context}-${language}`, context, language, own);
    expect(problems).toEqual([]);
  });

  it("is told from one that does not type-check", () => {
    const wrong = codeBlocks("page.md", '```ts\nsocket.emit("a");\nsocket.nothing();\n```\n');
    const { problems } = typeCheck("wrong", "server", "ts", wrong);
    expect(problems).toEqual([expect.stringMatching(/^page\.md:3: .*nothing/)]);
  });
});

describe("every program of the documentation", () => {
  const programs = grouped(
    blocks.filter((block) => block.run !== undefined),
    (block) => `${block.page}: ${block.run?.group}`,
  );
  it.each([...programs])("%s does what it says", async (name, parts) => {
    const port = await freePort();
    const roles = [...grouped(parts, (block) => block.run?.role ?? "")];
    const running: (() => Promise<void>)[] = [];
    for (const [role, own] of roles) {
      const code = own.map((block) => block.code).join("\n");
      const file = writeProgram(`${name.replace(/\W+/g, "-")}-${role}`, code.replaceAll("3000", String(port)));
      const program = runProgram(file);
      const texts = expectedOutput(code);
      running.push(async () => {
        for (const text of texts) await program.prints(new RegExp(`^${escapeRegExp(text)}`, "m"));
        if (texts.length === 0 && !listens(code))
          expect(await inTime(program.ended, () => `${file} to end`, 60_000), program.output()).toBe(0);
      });
      if (listens(code)) await answers(port, () => program.child.exitCode !== null, program.output);
    }
    for (const finished of running) await finished();
  });
});

describe("the comments before a block", () => {
  it.each([
    ["<!-- run: alone -->\n```js\n```\n", '"run" takes a group and a role'],
    ["<!-- with: page -->\n```js\n```\n", '"with" takes server or client'],
    ["<!-- run: a b -->\n```sh\n```\n", "neither js nor ts"],
    ["<!-- run: a b -->\ntext\n", "expected a code block"],
    ["```js\n", "has no end"],
  ])("are refused when they are not understood: %j", (markdown, reason) => {
    expect(() => codeBlocks("page.md", markdown)).toThrow(reason);
  });
});

function grouped(own: readonly CodeBlock[], keyOf: (block: CodeBlock) => string): Map<string, CodeBlock[]> {
  const groups = new Map<string, CodeBlock[]>();
  for (const block of own) groups.set(keyOf(block), [...(groups.get(keyOf(block)) ?? []), block]);
  return groups;
}

function isCommonJs(code: string): boolean {
  return /\brequire\(/.test(code);
}

function listens(code: string): boolean {
  return /\blisten\(|new Server\(\d|\bport: \d/.test(code);
}

/** TypeScript's own extensions, for JavaScript too when it runs: only so are the names mapped to the source. */
function writeProgram(name: string, code: string): string {
  const file = `${FOLDER}/${name}.${isCommonJs(code) ? "cts" : "mts"}`;
  writeFileSync(join(ROOT, file), code);
  return file;
}

/** Checks blocks as modules of one project; problems name the page and its line. */
function typeCheck(
  name: string,
  context: CodeBlock["context"],
  language: CodeBlock["language"],
  own: readonly CodeBlock[],
): { problems: string[] } {
  const folder = join(ROOT, FOLDER, name);
  mkdirSync(folder, { recursive: true });
  const globals =
    context === "server"
      ? 'declare global { const io: import("vaiven").Server; const socket: import("vaiven").Socket; const httpServer: import("node:http").Server; }'
      : 'declare global { const io: typeof import("vaiven-client").io; const socket: import("vaiven-client").Socket; }';
  writeFileSync(join(folder, "globals.d.ts"), `${globals}\nexport {};\n`);
  const files = new Map<string, CodeBlock>();
  own.forEach((block, index) => {
    const file = `block-${index}.${isCommonJs(block.code) ? "c" : "m"}${language}`;
    files.set(file, block);
    writeFileSync(join(folder, file), isCommonJs(block.code) ? block.code : `${block.code}export {};\n`);
  });
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: "../../../tsconfig.json",
      compilerOptions: {
        // A reader's program, not ours: unused names are fine, and JavaScript has no annotations to be strict about.
        noUnusedLocals: false,
        noUnusedParameters: false,
        verbatimModuleSyntax: false,
        ...(language === "js" && { allowJs: true, checkJs: true, strict: false, exactOptionalPropertyTypes: false }),
      },
      include: [`*.m${language}`, `*.c${language}`, "globals.d.ts"],
      exclude: [],
    }),
  );
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const run = spawnSync(process.execPath, [compiler, "-p", folder, "--pretty", "false"], {
    cwd: folder,
    encoding: "utf8",
  });
  const problems = run.stdout
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith(" "))
    .filter((line) => !line.startsWith("../../../src/")) // not the page's, and wrong only under the settings of JavaScript
    .map((line) => {
      const match = /^(block-[\w.]+)\((\d+),\d+\): (.*)$/.exec(line);
      const block = files.get(match?.[1] ?? "");
      return match === null || block === undefined
        ? line
        : `${block.page}:${block.line + Number(match[2])}: ${match[3]}`;
    });
  if (run.status !== 0 && run.stdout === "") problems.push(run.stderr || `tsc ended with ${run.status}`);
  return { problems };
}

/** Resolves when something accepts connections on `port`, or when the program has ended, whose output is then the failure. */
async function answers(port: number, ended: () => boolean, output: () => string): Promise<void> {
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
    if (open) return;
    if (ended()) throw new Error(`the server has ended: ${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

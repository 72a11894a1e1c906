// Test support: the js and ts code blocks of the Markdown pages, with what the comment before each of them asks for.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

export interface CodeBlock {
  /** The page, from the root of the repository. */
  readonly page: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  readonly language: "js" | "ts";
  readonly code: string;
  /** What `io` and `socket` are where the block does not say: the server's or the client's. */
  readonly context: "server" | "client";
  /** The program that the block is part of. */
  readonly run?: { readonly group: string; readonly role: string };
  /** Why the block is parsed only. */
  readonly parseOnly?: string;
}

const FENCE = /^ {0,3}```(\w*)\s*$/;
const DIRECTIVE = /^<!-- (run|with|parse-only): (.+?) -->$/;

/** The blocks of one page, in order. Throws where a comment is not understood, so that a misspelt one is not passed over. */
export function codeBlocks(page: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  const lines = markdown.split("\n");
  let directives: [name: string, value: string][] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    const directive = DIRECTIVE.exec(line);
    if (directive !== null) directives.push([directive[1] ?? "", directive[2] ?? ""]);
    else if (FENCE.test(line)) {
      const start = index;
      const language = FENCE.exec(line)?.[1] ?? "";
      do index += 1;
      while (index < lines.length && !/^ {0,3}```\s*$/.test(lines[index] ?? ""));
      if (index === lines.length) throw new Error(`${page}:${start + 1}: the code block has no end`);
      if (language === "js" || language === "ts") {
        const code = `${lines.slice(start + 1, index).join("\n")}\n`;
        blocks.push({ page, line: start + 1, language, code, ...settings(directives, `${page}:${start + 1}`) });
      } else if (directives.length > 0) {
        throw new Error(
          `${page}:${start + 1}: "${directives[0]?.[0]}" stands before a block that is neither js nor ts`,
        );
      }
      directives = [];
    } else if (line.trim() !== "" && directives.length > 0) {
      throw new Error(`${page}:${index + 1}: expected a code block after "${directives[0]?.[0]}"`);
    }
  }
  return blocks;
}

function settings(
  directives: readonly [name: string, value: string][],
  place: string,
): Pick<CodeBlock, "context" | "run" | "parseOnly"> {
  let found: Pick<CodeBlock, "context" | "run" | "parseOnly"> = { context: "server" };
  for (const [name, value] of directives) {
    if (name === "parse-only") found = { ...found, parseOnly: value };
    else if (name === "with") {
      if (value !== "server" && value !== "client")
        throw new Error(`${place}: "with" takes server or client, not ${value}`);
      found = { ...found, context: value };
    } else {
      const [group, role, ...rest] = value.split(" ");
      if (!group || !role || rest.length > 0) throw new Error(`${place}: "run" takes a group and a role, not ${value}`);
      found = { ...found, run: { group, role } };
    }
  }
  return found;
}

/** README.md and every page below docs/, as paths from the root of the repository. */
export function markdownPages(root: string): string[] {
  const pages: string[] = [];
  const visit = (path: string): void => {
    if (statSync(join(root, path)).isDirectory()) {
      for (const name of readdirSync(join(root, path)).sort()) visit(`${path}/${name}`);
    } else if (path.endsWith(".md")) pages.push(path);
  };
  for (const path of readdirSync(root).filter((name) => name === "README.md" || name === "docs")) visit(path);
  return pages;
}

export function readBlocks(root: string): CodeBlock[] {
  return markdownPages(root).flatMap((page) => codeBlocks(page, readFileSync(join(root, page), "utf8")));
}

/** What a program says that it prints: the text after `// → ` (or `# → `) at the end of its lines. */
export function expectedOutput(code: string): string[] {
  return [...code.matchAll(/\/\/ → (.+)$/gm)].map(([, text]) => (text ?? "").trim());
}

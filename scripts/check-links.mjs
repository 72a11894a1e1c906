// The documentation's links: each names a file of the repository and, behind `#`, one of its headings; so does each path of a source in backticks.
// Links to other sites are not followed.
//
// Usage: node scripts/check-links.mjs [folder, by default the repository]
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Installed or built. */
const SKIPPED = new Set(["node_modules", "dist", "client-dist", "build", "coverage", ".git"]);

const LINK = /\]\(([^)\s]+)\)/g;
const SOURCE = /`((?:src|test|scripts|bench|examples|docs)\/[\w./-]+)`/g;
const HEADING = /^#+ (.*)$/gm;
const CODE = /^```[\s\S]*?^```/gm;

/** Every broken link of the pages below `root`, with its page. */
export function brokenLinks(root) {
  const broken = [];
  for (const page of pagesBelow(root)) {
    const prose = proseOf(page);
    const links = [...prose.matchAll(LINK)].map(([, link]) => link).filter((link) => !/^[a-z]+:/i.test(link));
    const sources = [...prose.matchAll(SOURCE)].map(([, path]) => path);
    for (const link of links) if (!leads(page, link)) broken.push(`${relative(root, page)}: ${link}`);
    for (const path of sources) if (!existsSync(join(root, path))) broken.push(`${relative(root, page)}: ${path}`);
  }
  return broken;
}

function leads(page, link) {
  const [path, anchor] = decodeURIComponent(link).split("#");
  const target = path === "" ? page : join(dirname(page), path);
  if (!existsSync(target)) return false;
  return anchor === undefined || !target.endsWith(".md") || anchorsOf(target).includes(anchor);
}

function pagesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : pagesBelow(join(folder, entry.name));
    return entry.name.endsWith(".md") ? [join(folder, entry.name)] : [];
  });
}

/** The text without what is code in it. */
function proseOf(page) {
  return readFileSync(page, "utf8").replace(CODE, "");
}

/** As GitHub names headings. */
function anchorsOf(page) {
  return [...proseOf(page).matchAll(HEADING)].map(([, heading]) =>
    heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const broken = brokenLinks(resolve(process.argv[2] ?? fileURLToPath(new URL("..", import.meta.url))));
  for (const line of broken) console.error(line);
  console.log(broken.length === 0 ? "links: all lead somewhere" : `links: ${broken.length} broken`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}

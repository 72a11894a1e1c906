// What is published of package.json: `npm pack` and `npm publish` call this before they pack ("publish") and behind it ("restore").
// The workspaces are folders of this repository, which no tarball holds: installers that look at them would find nothing there.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const manifest = join(process.cwd(), "package.json");
const kept = join(process.cwd(), "build", "package.json");

/** Also of a run that was broken off: what was kept then is the whole one. */
function restore() {
  if (!existsSync(kept)) return;
  copyFileSync(kept, manifest);
  rmSync(kept);
}

function publish() {
  restore();
  mkdirSync(join(kept, ".."), { recursive: true });
  copyFileSync(manifest, kept);
  const { workspaces: _, ...published } = JSON.parse(readFileSync(manifest, "utf8"));
  writeFileSync(manifest, `${JSON.stringify(published, undefined, 2)}\n`);
}

if (process.argv[2] === "publish") publish();
else if (process.argv[2] === "restore") restore();
else throw new Error("usage: node scripts/manifest.mjs publish | restore");

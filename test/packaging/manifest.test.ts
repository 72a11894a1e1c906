// Packaging: what npm packs of package.json, and that it leaves the file as it was.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

it("names no workspaces in the manifest that is published, and keeps them in the repository", () => {
  const folder = mkdtempSync(join(tmpdir(), "vaiven-manifest-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const whole = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(whole.workspaces).toEqual(["packages/*"]);
  const step = (name: string): string => {
    const command: string = whole.scripts[name].split(" && ").at(-1);
    return command.replace("scripts/", join(root, "scripts/"));
  };
  // The files, the build and the other package are left out: the manifest alone is packed.
  const scripts = { prepack: step("prepack"), postpack: step("postpack") };
  const text = `${JSON.stringify({ ...whole, files: [], scripts }, undefined, 2)}\n`;
  writeFileSync(join(folder, "package.json"), text);
  const run = (file: string, ...args: string[]): string =>
    execFileSync(file, args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const [packed] = JSON.parse(run("npm", "pack", "--json")) as [{ filename: string }];
  const published = JSON.parse(run("tar", "-xOf", packed.filename, "package/package.json"));
  const { workspaces: _, ...rest } = JSON.parse(text);
  expect(published).toEqual(rest);
  expect(readFileSync(join(folder, "package.json"), "utf8")).toBe(text);
});

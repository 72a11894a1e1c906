// Packaging tests: a project into which npm has installed our two tarballs under Socket.IO's names, without a network.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** What TypeScript programs of users bring along. */
const USERS_OWN = ["@types/node"];

export interface InstalledProject {
  /** A temporary folder with node_modules/socket.io and node_modules/socket.io-client, and the files of `projects/`. */
  readonly folder: string;
  /** Runs Node in it and answers what it printed. Throws with all output if the program fails. */
  node(...args: string[]): string;
  /** Runs the repository's TypeScript compiler in it. Throws with the diagnostics if there are any. */
  tsc(...args: string[]): void;
  remove(): void;
}

/** Packs both packages and what they depend on, and lets npm install the tarballs offline. */
export function installProject(): InstalledProject {
  const folder = mkdtempSync(join(tmpdir(), "vaiven-installed-"));
  const run = (file: string, args: string[], cwd: string): string => {
    try {
      return execFileSync(file, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"], timeout: 240_000 });
    } catch (error) {
      const { stdout, stderr } = error as { stdout?: string; stderr?: string };
      throw new Error(`${file} ${args.join(" ")} failed:\n${stdout ?? ""}${stderr ?? ""}`);
    }
  };

  const ours: Record<string, string> = { "socket.io": ROOT, "socket.io-client": join(ROOT, "packages/client") };
  const packages = [...Object.entries(ours), ...closureOf([...Object.values(ours), ...USERS_OWN.map(installedFolder)])];
  const paths = packages.map(([, path]) => path);
  const packed = JSON.parse(
    run("npm", ["pack", ...paths, "--json", "--ignore-scripts", "--pack-destination", folder], folder),
  ) as { filename: string }[];
  const tarballs = packages.map(([name], index) => [name, `file:${packed[index]?.filename}`]);
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "installed", private: true, dependencies: Object.fromEntries(tarballs) }),
  );
  run("npm", ["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund"], folder);
  cpSync(join(ROOT, "test/packaging/projects"), folder, { recursive: true });

  return {
    folder,
    node: (...args) => run(process.execPath, args, folder),
    tsc: (...args) => {
      run(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args], folder);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export interface InstalledProgram {
  /** A temporary folder: a copy of `projects/<name>`, with what its package.json asks for. */
  readonly folder: string;
  /** Runs a program in it and answers what it printed. */
  run(file: string, ...args: string[]): string;
  remove(): void;
}

/**
 * Copies `projects/<name>` and runs `install` (npm, unless another is named) in the copy. Its package.json names our two tarballs as
 * `file:vaiven.tgz` and `file:vaiven-client.tgz`; the other packages come from npm.
 */
export function installProgram(name: string, install: readonly string[] = NPM_INSTALL): InstalledProgram {
  const folder = mkdtempSync(join(tmpdir(), `vaiven-${name}-`));
  const run = (file: string, ...args: string[]): string =>
    execFileSync(file, args, {
      cwd: folder,
      encoding: "utf8",
      timeout: 200_000,
      env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1" },
    });
  cpSync(join(ROOT, "test/packaging/projects", name), folder, { recursive: true });
  for (const [packageName, source] of Object.entries({
    vaiven: ROOT,
    "vaiven-client": join(ROOT, "packages/client"),
  })) {
    const [packed] = JSON.parse(run("npm", "pack", source, "--json", "--ignore-scripts")) as [{ filename: string }];
    renameSync(join(folder, packed.filename), join(folder, `${packageName}.tgz`));
  }
  const [file = "", ...args] = install;
  run(file, ...args);
  return { folder, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

const NPM_INSTALL = "npm install --prefer-offline --ignore-scripts --no-audit --no-fund --loglevel error".split(" ");

/** A package in the repository's node_modules. */
function installedFolder(name: string): string {
  return join(ROOT, "node_modules", name);
}

/** The packages that the given ones depend on, and theirs, by name; with those of USERS_OWN themselves. */
function closureOf(folders: string[]): Map<string, string> {
  const found = new Map(USERS_OWN.map((name) => [name, installedFolder(name)]));
  const waiting = [...folders];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(folder, "package.json"), "utf8"),
    ) as Record<string, Record<string, string> | undefined>;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (found.has(name)) continue;
      const dependency = nearest(folder, name);
      found.set(name, dependency);
      waiting.push(dependency);
    }
  }
  return found;
}

/** Where Node would find `name` from `folder`. */
function nearest(folder: string, name: string): string {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    const candidate = join(at, "node_modules", name);
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`${name} is not installed`);
}

// What `npm start` and `npm test` do first on a fresh machine: npm's packages, and the programs that some tests need.
// Plain Node: nothing is installed yet.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Debian's packages, each with the file that shows it is there, and the tests that need it. */
const SYSTEM_PACKAGES = [
  { name: "chromium", files: ["/usr/bin/chromium"], for: "browser tests" },
  { name: "firefox-esr", files: ["/usr/bin/firefox-esr"], for: "browser tests" },
  { name: "redis-server", files: ["/usr/bin/redis-server"], for: "tests with several nodes" },
  { name: "nats-server", files: ["/usr/sbin/nats-server", "/usr/bin/nats-server"], for: "tests with several nodes" },
  { name: "postgresql", files: ["/usr/lib/postgresql"], for: "tests with several nodes" },
];

/** Installs npm's packages if node_modules is missing or does not match the lock file. */
export function installPackages() {
  if (packagesMatchLock()) return;
  console.log("installing npm packages (npm ci) …");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel", "error"], { cwd: root, stdio: "inherit" });
}

/** npm leaves a copy of the lock file of what it installed; optional packages may be missing from it. */
function packagesMatchLock() {
  const installed = readLock("node_modules/.package-lock.json");
  const wanted = readLock("package-lock.json");
  if (installed === undefined || wanted === undefined) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      !path.startsWith("node_modules/") || optional === true || installed[path]?.version === version,
  );
}

function readLock(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).packages : undefined;
}

/** Installs the programs that tests need, as root; otherwise says what is missing and how to install it. */
export function installSystemPackages() {
  const missing = () => SYSTEM_PACKAGES.filter(({ files }) => !files.some((file) => existsSync(file)));
  if (missing().length === 0) return;
  const apt = (...args) =>
    spawnSync("apt-get", args, { stdio: "inherit", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  if (process.getuid?.() === 0 && spawnSync("apt-get", ["--version"]).status === 0) {
    const names = missing().map(({ name }) => name);
    console.log(`installing ${names.join(", ")} (apt-get) …`);
    apt("update", "-qq");
    // One at a time: a package that this system does not know must not keep the others away.
    for (const name of names) apt("install", "-y", "-qq", "--no-install-recommends", name);
  }
  for (const { name, for: use } of missing()) {
    console.log(
      `missing: ${name}, for the ${use}, which will fail without it. To install: sudo apt-get install ${name}`,
    );
  }
}

// Test support: Redis and PostgreSQL on free ports of loopback, in directories of their own, for as long as one file's tests run.
import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createConnection, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portOf } from "./scene.js";

/** A program that runs. */
export interface Service {
  readonly port: number;
  stop(): Promise<void>;
}

/** Redis without a disk. */
export async function startRedis(): Promise<Service> {
  const program = found("/usr/bin/redis-server", "redis-server");
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "vaiven-redis-"));
  const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", directory];
  return running(spawn(program, options), port, directory);
}

/** PostgreSQL with one database, `postgres`, whose user `postgres` needs no password. */
export async function startPostgres(): Promise<Service> {
  const root = "/usr/lib/postgresql";
  const [version = "none"] = existsSync(root) ? readdirSync(root).sort().reverse() : [];
  const bin = join(root, version, "bin");
  const initdb = found(join(bin, "initdb"), "postgresql");
  const port = await freePort();
  const directory = mkdtempSync(join(tmpdir(), "vaiven-postgres-"));
  // It refuses to run as root.
  const user = process.getuid?.() === 0 ? { uid: idOf("-u"), gid: idOf("-g") } : {};
  if (user.uid !== undefined) chownSync(directory, user.uid, user.gid);
  const data = join(directory, "data");
  const env = { ...process.env, HOME: directory };
  execFileSync(initdb, ["-D", data, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C"], {
    ...user,
    env,
    cwd: directory,
    stdio: "pipe",
  });
  const options = ["-D", data, "-p", `${port}`, "-h", "127.0.0.1", "-k", directory, "-F"];
  const child = spawn(join(bin, "postgres"), options, { ...user, env, cwd: directory });
  // It takes connections before it serves them.
  return running(child, port, directory, () => isServing(join(bin, "pg_isready"), port));
}

function idOf(flag: "-u" | "-g"): number {
  return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
}

function found(program: string, debianPackage: string): string {
  if (existsSync(program)) return program;
  throw new Error(
    `this test needs ${program}: install it with \`apt-get install ${debianPackage}\`, or run \`npm test\` as root`,
  );
}

/** A port that nobody listens on, for a program that is told its port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves when the program takes connections. */
async function running(
  child: ChildProcess,
  port: number,
  directory: string,
  isReady: () => Promise<boolean> = () => accepts(port),
): Promise<Service> {
  let said = "";
  const hear = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-2000);
  };
  child.stdout?.on("data", hear);
  child.stderr?.on("data", hear);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGINT");
    const late = setTimeout(() => child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(late);
    rmSync(directory, { recursive: true, force: true });
  };
  const giveUp = performance.now() + 60_000;
  while (!(await isReady())) {
    if (child.exitCode !== null || performance.now() > giveUp) {
      await stop();
      throw new Error(`${child.spawnfile} does not answer on port ${port}: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return { port, stop };
}

function isServing(program: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    execFile(program, ["-h", "127.0.0.1", "-p", `${port}`], (error) => resolve(error === null));
  });
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection(port, "127.0.0.1");
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
}

// Test support: what a module of counts finds, in a process that counts (counted-program.ts).
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** `module` is a file beside this one. */
export function counted<Findings>(module: string): Promise<Findings> {
  const program = fileURLToPath(new URL("./counted-program.ts", import.meta.url));
  return new Promise((resolve, reject) => {
    const args = ["--import", "tsx", program, new URL(`./${module}`, import.meta.url).href];
    execFile(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Findings);
      else reject(new Error(`${module}: ${stderr}`, { cause: error }));
    });
  });
}

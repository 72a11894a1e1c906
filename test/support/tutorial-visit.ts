// Test support: runs the tutorial's program on port 80 and visits http://localhost/ with each browser; prints what was seen as JSON.
// To be run in a network of its own: see test/browser/tutorial.test.ts.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { BROWSERS, type BrowserName, eventually, launchBrowser } from "./browsers.js";
import { until } from "./waiting.js";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: tutorial-visit.ts <folder of the program>");

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

async function visit(name: BrowserName): Promise<object> {
  const browser = await launchBrowser(name);
  try {
    const page = await browser.newPage();
    await page.open("http://localhost/");
    const text = await eventually<string>(
      page,
      "document.body ? document.body.textContent.trim() : ''",
      (body) => body !== "",
    );
    // The program asks for a number every five seconds.
    await until(() => page.console.entries.some((line) => /^\d+$/.test(line)), "a number reaches the console", 60_000);
    const transport = await page.evaluate<string>("socket.io.engine.transport.name");
    const numbers = page.console.entries.filter((line) => /^\d+$/.test(line));
    const errors = page.console.entries.filter((line) => line.startsWith("error:"));
    return { browser: name, text, numbers, transport, errors };
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  const program = spawn(process.execPath, ["server.js"], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const end = new Promise<never>((_, reject) => {
    program.once("exit", (code) => reject(new Error(`the program ended with ${code}`)));
  });
  try {
    await Promise.race([untilListening(), end]);
    const visits = await Promise.race([Promise.all(BROWSERS.map(visit)), end]);
    console.log(JSON.stringify(visits));
  } finally {
    end.catch(() => {});
    program.kill();
  }
}

async function untilListening(): Promise<void> {
  while (!(await listens(80))) await new Promise((resolve) => setTimeout(resolve, 50));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

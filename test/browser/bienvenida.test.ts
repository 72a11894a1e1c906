// examples/bienvenida in real browsers: each transport, a proxy that refuses WebSocket, TLS, a restart, several visitors.
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { BROWSERS, type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { CERTIFICATE, KEY } from "../support/certificate.js";
import { HostileProxy } from "../support/hostile-proxy.js";
import { portOf } from "../support/scene.js";
import { inTime, until } from "../support/waiting.js";

const TRANSPORT = `document.querySelector("#transporte").textContent`;
const GREETING = `document.querySelector("#saludo").textContent`;
const NUMBERS = `document.querySelectorAll("#numeros li").length`;
const STATE = `document.querySelector("#estado").dataset.estado`;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Program {
  readonly port: number;
  stop(): Promise<void>;
}

/** `npm start` without its set-up: the program in a process of its own. */
function start(port: number = 0): Promise<Program> {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/bienvenida/server.ts"], {
    cwd: ROOT,
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const started = new Promise<Program>((resolve) => {
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const [, printed] = /http:\/\/localhost:(\d+)/.exec(output) ?? [];
      if (printed === undefined) return;
      resolve({
        port: Number(printed),
        stop: async () => {
          child.kill("SIGTERM");
          await ended;
        },
      });
    });
  });
  return inTime(started, "the program to listen", 60_000);
}

async function visit(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  onTestFinished(() => page.close());
  await page.open(url);
  return page;
}

/** What the tutorial promises: the greeting, and numbers that go on coming. */
async function works(page: Page): Promise<void> {
  await eventually<string>(page, GREETING, (text) => text === "Hola cliente WS!");
  await eventually<string>(page, STATE, (state) => state === "conectado");
  await page.evaluate(
    `document.querySelector("#numeros").replaceChildren(), document.querySelector("#periodo").value = "60"`,
  );
  await page.click("#pedir");
  await eventually<number>(page, NUMBERS, (count) => count >= 3);
}

let program: Program;
beforeAll(async () => {
  program = await start();
});
afterAll(() => program?.stop());

for (const name of BROWSERS) {
  describe(`bienvenida in ${name}`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser(name);
    });
    afterAll(() => browser?.close());

    it("greets, sends numbers and goes from polling to WebSocket", async () => {
      const { port } = program;
      const page = await visit(browser, `http://localhost:${port}/`);
      await works(page);
      await eventually<string>(page, TRANSPORT, (text) => text === "websocket");
      const upgraded = await page.evaluate<string>(`document.querySelector("#actualizado").textContent`);
      expect(upgraded).toMatch(/^sí/);
      expect(page.console.entries.filter((line) => line.startsWith("error:"))).toEqual([]);
    });

    for (const transport of ["websocket", "polling"]) {
      it(`works over ${transport} where the visitor chooses it`, async () => {
        const { port } = program;
        const page = await visit(browser, `http://localhost:${port}/`);
        await works(page);
        await page.click(`[data-transporte=${transport}]`);
        await eventually<string>(page, TRANSPORT, (text) => text === transport);
        await works(page);
        expect(await page.evaluate<string>(TRANSPORT)).toBe(transport);
      });
    }

    for (const refuseUpgrades of [400, 502, "strip"] as const) {
      it(`works over polling behind a proxy that refuses WebSocket (${refuseUpgrades})`, async () => {
        const { port } = program;
        const proxy = new HostileProxy(port, { refuseUpgrades });
        onTestFinished(() => proxy.close());
        const page = await visit(browser, `http://localhost:${await proxy.listen()}/`);
        await works(page);
        await until(() => proxy.counts.upgradesRefused > 0, "the proxy has refused an upgrade");
        await works(page);
        expect(await page.evaluate<string>(TRANSPORT)).toBe("polling");
      });
    }

    it("works behind a proxy that cuts idle connections", async () => {
      const { port } = program;
      const proxy = new HostileProxy(port, { idleCut: 1500 });
      onTestFinished(() => proxy.close());
      const page = await visit(browser, `http://localhost:${await proxy.listen()}/`);
      await eventually<string>(page, GREETING, (text) => text === "Hola cliente WS!");
      await page.evaluate(`document.querySelector("#periodo").value = "86400000"`);
      await page.click("#pedir");
      await eventually<string>(page, `document.querySelector("#bitacora").textContent`, (text) =>
        text.includes("se cortó"),
      );
      // What comes after the cut may take its time.
      proxy.become({});
      await eventually<string>(page, STATE, (state) => state === "conectado");
      await works(page);
    });

    it("works over HTTPS and WSS with a self-signed certificate", async () => {
      const { port } = program;
      const tls = createTlsServer({ key: KEY, cert: CERTIFICATE }, (client) => {
        const server = connect(port, "127.0.0.1");
        client.pipe(server).pipe(client);
        client.on("error", () => server.destroy());
        server.on("error", () => client.destroy());
      });
      await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
      onTestFinished(() => {
        tls.close();
      });
      const page = await visit(browser, `https://localhost:${portOf(tls)}/`);
      await works(page);
      await eventually<string>(page, TRANSPORT, (text) => text === "websocket");
      expect(await page.evaluate<string>("location.protocol")).toBe("https:");
    });

    it("survives a restart of the server by coming back", async () => {
      const first = await start();
      const page = await visit(browser, `http://localhost:${first.port}/`);
      await works(page);
      await first.stop();
      await eventually<string>(page, STATE, (state) => state === "reconectando");
      await page.evaluate(
        `document.querySelector("#saludo").textContent = "", document.querySelector("#numeros").replaceChildren()`,
      );
      const second = await start(first.port);
      onTestFinished(() => second.stop());
      await eventually<string>(page, GREETING, (text) => text === "Hola cliente WS!");
      await eventually<number>(page, NUMBERS, (count) => count >= 2);
    });

    it("shows what another visitor says, to all or in the same room", async () => {
      const { port } = program;
      const one = await visit(browser, `http://localhost:${port}/`);
      const two = await visit(browser, `http://localhost:${port}/`);
      await works(one);
      await works(two);
      const say = async (page: Page, text: string, reach: "todos" | "sala"): Promise<void> => {
        await page.evaluate(
          `document.querySelector("#texto").value = ${JSON.stringify(text)}, document.querySelector('[name=alcance][value=${reach}]').checked = true`,
        );
        await page.click("#difundir button[type=submit]");
        await eventually<string>(page, `document.querySelector("#texto").value`, (value) => value === "");
      };
      const messages = `document.querySelector("#mensajes").textContent`;
      await say(one, "hola a todos", "todos");
      await eventually<string>(two, messages, (text) => text.includes("hola a todos"));
      await two.click("[data-sala=patio]");
      await eventually<string>(
        two,
        `document.querySelector("[data-sala=patio]").getAttribute("aria-pressed")`,
        (on) => on === "true",
      );
      await say(one, "solo en la plaza", "sala");
      await one.click("[data-sala=patio]");
      await eventually<string>(
        one,
        `document.querySelector("[data-sala=patio]").getAttribute("aria-pressed")`,
        (on) => on === "true",
      );
      await say(one, "ahora en el patio", "sala");
      const heard = await eventually<string>(two, messages, (text) => text.includes("ahora en el patio"));
      expect(heard).not.toContain("solo en la plaza");
    });
  });
}

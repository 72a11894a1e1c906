// Test support: Chromium and Firefox behind one small interface. Both are the system's own; nothing is downloaded.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import { launch as launchFirefox } from "puppeteer-core";
import { Ledger } from "./waiting.js";

export type BrowserName = "chromium" | "firefox";
export const BROWSERS: readonly BrowserName[] = ["chromium", "firefox"];

export interface Page {
  /** What the page wrote to its console, and the errors that nobody caught (as `error: …`). */
  readonly console: Ledger<string>;
  /** Loads an address and waits for its scripts. */
  open(url: string): Promise<void>;
  /** The value of an expression in the page; a promise is awaited. */
  evaluate<T>(expression: string): Promise<T>;
  click(selector: string): Promise<void>;
  close(): Promise<void>;
}

export interface Browser {
  readonly name: BrowserName;
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

export interface LaunchOptions {
  /** An HTTP proxy, `host:port`, for every address, loopback too. */
  readonly proxy?: string;
  /** Names of hosts that mean this machine, so that pages can come from other sites than the one under test. */
  readonly names?: readonly string[];
}

/** `CHROMIUM` and `FIREFOX` in the environment say where a browser is; otherwise it is looked for where systems put it. */
const PLACES: Record<BrowserName, readonly (string | undefined)[]> = {
  chromium: [process.env["CHROMIUM"], "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
  firefox: [process.env["FIREFOX"], "/usr/bin/firefox-esr", "/usr/bin/firefox"],
};

function executable(name: BrowserName): string {
  const found = PLACES[name].find((path) => path !== undefined && existsSync(path));
  if (found === undefined)
    throw new Error(`${name} is not installed; install it or set ${name.toUpperCase()} to its path`);
  return found;
}

/** Milliseconds that a browser may take to start, and a page to load. */
const LAUNCH_PATIENCE = 90_000;

export function launchBrowser(name: BrowserName, options: LaunchOptions = {}): Promise<Browser> {
  return name === "chromium" ? launchChromium(options) : launchGecko(options);
}

async function launchChromium({ proxy, names = [] }: LaunchOptions): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: executable("chromium"),
    headless: true,
    timeout: LAUNCH_PATIENCE,
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      ...(names.length === 0
        ? []
        : [`--host-resolver-rules=${names.map((host) => `MAP ${host} 127.0.0.1`).join(",")}`]),
      // Without this, Chromium never asks a proxy for loopback addresses.
      ...(proxy === undefined ? [] : [`--proxy-server=${proxy}`, "--proxy-bypass-list=<-loopback>"]),
    ],
  });
  return {
    name: "chromium",
    close: () => browser.close(),
    newPage: async () => {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      const page = await context.newPage();
      const log = new Ledger<string>();
      page.on("console", (message) => log.add(message.text()));
      page.on("pageerror", (error) => log.add(`error: ${error.message}`));
      return {
        console: log,
        open: async (url) => {
          await page.goto(url, { timeout: LAUNCH_PATIENCE });
        },
        evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
        click: (selector) => page.evaluate(clickOn(selector)),
        close: () => context.close(),
      };
    },
  };
}

async function launchGecko({ proxy, names = [] }: LaunchOptions): Promise<Browser> {
  const [host, port] = proxy?.split(":") ?? [];
  const browser = await launchFirefox({
    browser: "firefox",
    executablePath: executable("firefox"),
    headless: true,
    timeout: LAUNCH_PATIENCE,
    acceptInsecureCerts: true,
    extraPrefsFirefox: {
      "app.update.enabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      ...(names.length === 0 ? {} : { "network.dns.localDomains": names.join(",") }),
      ...(host === undefined || port === undefined
        ? {}
        : {
            "network.proxy.type": 1,
            "network.proxy.http": host,
            "network.proxy.http_port": Number(port),
            "network.proxy.ssl": host,
            "network.proxy.ssl_port": Number(port),
            "network.proxy.no_proxies_on": "",
            "network.proxy.allow_hijacking_localhost": true,
          }),
    },
  });
  return {
    name: "firefox",
    close: () => browser.close(),
    newPage: async () => {
      const page = await browser.newPage();
      const log = new Ledger<string>();
      page.on("console", (message) => log.add(message.text()));
      page.on("pageerror", (error) => log.add(`error: ${error instanceof Error ? error.message : String(error)}`));
      return {
        console: log,
        open: async (url) => {
          await page.goto(url, { timeout: LAUNCH_PATIENCE });
        },
        evaluate: <T>(expression: string) => page.evaluate(expression) as Promise<T>,
        click: (selector) => page.evaluate(clickOn(selector)) as Promise<void>,
        close: () => page.close(),
      };
    },
  };
}

/** The element's own click: a mouse needs animation frames, which a tab in the background has not. */
function clickOn(selector: string): string {
  return `document.querySelector(${JSON.stringify(selector)}).click()`;
}

/** Waits until an expression of the page has a value that `isRight` accepts. */
export async function eventually<T>(
  page: Page,
  expression: string,
  isRight: (value: T) => boolean,
  within: number = 60_000,
): Promise<T> {
  const giveUp = performance.now() + within;
  for (;;) {
    const value = await page.evaluate<T>(expression);
    if (isRight(value)) return value;
    if (performance.now() > giveUp) {
      const log = page.console.entries.slice(-10).join(" | ");
      throw new Error(`after ${within} ms ${expression} is still ${JSON.stringify(value)}; console: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

// The outbox in real browsers: its store in their IndexedDB, and what a closed tab leaves to the next one.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { OutboxStore, StoredEntry, StoredState } from "../../src/session/outbox-store.js";
import { BROWSERS, type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { HostileProxy } from "../support/hostile-proxy.js";
import { describeStore } from "../support/outbox-store-suite.js";
import { until } from "../support/waiting.js";
import { type Site, site } from "./delivery-page.js";

/** A store in a page: each call is an expression. */
class StoreInPage implements OutboxStore {
  private readonly page: Page;
  private readonly made: Promise<string>;

  constructor(page: Page, name: string) {
    this.page = page;
    this.made = page.evaluate<string>(
      `(window.stores ??= []).push(indexedDbStore(${JSON.stringify(name)})), "stores[" + (stores.length - 1) + "]"`,
    );
  }

  open(): Promise<StoredState> {
    return this.call("open()");
  }

  append({ text, bytes }: { text: string; bytes: readonly Uint8Array[] }, maxEntries: number): Promise<number> {
    const parts = bytes.map(
      (part) => `Uint8Array.from(atob("${Buffer.from(part).toString("base64")}"), (c) => c.charCodeAt(0))`,
    );
    return this.call(`append({ text: ${JSON.stringify(text)}, bytes: [${parts.join()}] }, ${maxEntries})`);
  }

  async entries(after: number, limit: number): Promise<StoredEntry[]> {
    const show = `.then((list) => list.map(({ seq, text, bytes }) => ({ seq, text, bytes: bytes.map((part) => [...part]) })))`;
    const found = await this.call<{ seq: number; text: string; bytes: number[][] }[]>(
      `entries(${after}, ${limit})`,
      show,
    );
    return found.map(({ bytes, ...entry }) => ({ ...entry, bytes: bytes.map((part) => Uint8Array.from(part)) }));
  }

  count(): Promise<number> {
    return this.call("count()");
  }

  attempt(seq: number): Promise<void> {
    return this.call(`attempt(${seq})`);
  }

  attempted(): Promise<number> {
    return this.call("attempted()");
  }

  remove(upTo: number): Promise<void> {
    return this.call(`remove(${upTo})`);
  }

  lead(): Promise<void> {
    return this.call("lead()");
  }

  watch(): void {}

  close(): Promise<void> {
    return this.call("close()");
  }

  private async call<T>(call: string, then: string = ""): Promise<T> {
    const settled = `.then((value) => ({ value }), ({ code }) => ({ code }))`;
    const { value, code } = await this.page.evaluate<{ value: T; code?: string }>(
      `${await this.made}.${call}${then}${settled}`,
    );
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return value;
  }
}

for (const name of BROWSERS) {
  describe(`an outbox in ${name}`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser(name);
    });
    afterAll(() => browser?.close());

    async function visit(port: number, path: string = "/"): Promise<Page> {
      const page = await browser.newPage();
      onTestFinished(() => page.close());
      await page.open(`http://127.0.0.1:${port}${path}`);
      return page;
    }

    describe("its store", () => {
      let places = 0;
      describeStore(async () => {
        const { port } = await site({});
        const page = await visit(port);
        const place = `place-${places++}`;
        return { next: () => new StoreInPage(page, place) };
      });
    });

    /** Opens the outbox of a page. Its name is that of the site's port, so that no test finds another's. */
    const open = (port: number) => `
      window.socket = io({ transports: ["websocket"], reconnectionDelay: 20, reconnectionDelayMax: 50, timeout: 5000, delivery: delivery() });
      window.opened = openOutbox(socket, indexedDbStore("${port}")).then((outbox) => { window.outbox = outbox; return outbox.count(); })`;

    function hearing({ io }: Site): number[] {
      const heard: number[] = [];
      io.on("connection", (socket) =>
        socket.on("entry", (n: number, { bytes }: { bytes: Buffer }) => heard.push(bytes[0] === n ? n : -1)),
      );
      return heard;
    }

    const emit = (n: number) => `outbox.emit("entry", ${n}, { bytes: new Uint8Array([${n}]) })`;

    it("hands over what was accepted without a connection, after a reload of the page", async () => {
      const here = await site({ connectionStateRecovery: {} });
      const heard = hearing(here);
      const proxy = new HostileProxy(here.port);
      onTestFinished(() => proxy.close());
      const port = await proxy.listen();
      const page = await visit(port);
      // The page has come; its connection does not.
      proxy.fallSilent();
      await page.evaluate(open(port));
      await page.evaluate(`Promise.all([${[0, 1, 2].map(emit).join()}]).then(() => 0)`);
      expect(heard).toEqual([]);
      proxy.speakAgain();
      // What met the silence stays silent, and a browser would ask for the page over a connection that it kept.
      proxy.cutAll();
      await page.open(`http://127.0.0.1:${port}/`);
      expect(await page.evaluate(open(port))).toBeLessThanOrEqual(3);
      await page.evaluate(emit(3));
      await until(() => heard.length >= 4, "all that was accepted");
      await eventually<number>(page, "outbox.count()", (count) => count === 0);
      expect(heard).toEqual([0, 1, 2, 3]);
    });

    it("hands over once what a page had sent, and not been told of, when it was left", async () => {
      const here = await site({ connectionStateRecovery: {} });
      const heard = hearing(here);
      const proxy = new HostileProxy(here.port);
      onTestFinished(() => proxy.close());
      const port = await proxy.listen();
      const page = await visit(port);
      await page.evaluate(open(port));
      await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      // What the server says does not come any more, or is late.
      proxy.become({ delay: [150, 200] });
      proxy.cutAll();
      await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      await page.evaluate(`Promise.all([${[0, 1, 2, 3, 4].map(emit).join()}]).then(() => 0)`);
      await until(() => heard.length >= 5, "what was sent");
      await page.open(`http://127.0.0.1:${port}/elsewhere`);
      proxy.become({});
      await page.open(`http://127.0.0.1:${port}/`);
      await page.evaluate(open(port));
      await page.evaluate(emit(5));
      await until(() => heard.length >= 6, "the rest");
      await eventually<number>(page, "outbox.count()", (count) => count === 0);
      expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
    });

    it("is sent by one of two pages, and by the other when that is gone", async () => {
      const here = await site({ connectionStateRecovery: {} });
      const heard = hearing(here);
      const page = await visit(here.port);
      await page.evaluate(open(here.port));
      // A frame of the same origin is as good as a tab.
      await page.evaluate(`new Promise((resolve) => {
        window.frame = document.createElement("iframe"); frame.src = "/"; frame.onload = resolve; document.body.append(frame);
      }).then(() => { const { contentWindow: other } = frame;
        other.eval(${JSON.stringify(open(here.port))}); return other.opened; })`);
      await page.evaluate(emit(0));
      await page.evaluate(`frame.contentWindow.${emit(1)}`);
      await until(() => heard.length >= 2, "both pages' events");
      // The first one, which sends, leaves it to the other.
      await page.evaluate("outbox.close()");
      await page.evaluate(`frame.contentWindow.${emit(2)}`);
      await until(() => heard.length >= 3, "the event of the one that is left");
      expect(heard).toEqual([0, 1, 2]);
    });
  });
}

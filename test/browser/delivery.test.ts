// Acknowledged delivery between our own two ends in real browsers, through bad networks: each event once and in order, each acknowledgement once.
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { BROWSERS, type Browser, eventually, launchBrowser, type Page } from "../support/browsers.js";
import { HostileProxy, type Hostility } from "../support/hostile-proxy.js";
import { seeded, seedOfThisRun } from "../support/random.js";
import { until } from "../support/waiting.js";
import { site } from "./delivery-page.js";

const EVENTS = 400;

const WAYS = { polling: ["polling"], websocket: ["websocket"], upgrade: ["polling", "websocket"] };

const networks: Record<string, Hostility> = {
  "cut by RST": { split: [1, 300], cutAfter: [1500, 9000], cutBy: "rst" },
  "slow and cut by FIN": { delay: [0, 5], join: 2, cutAfter: [2000, 14_000], cutBy: "fin" },
};

/** What a page does: `n` and `ask` both ways, a ledger of its own, and emits in bursts. */
const PROGRAM = `
  window.heard = []; window.answers = []; window.asked = 0; window.sent = 0; window.recoveries = [];
  window.start = (options) => {
    window.socket = io({ ...options, delivery: delivery(options.storage ? { storage: sessionStorage } : {}) });
    socket.on("connect", () => recoveries.push(socket.recovered));
    socket.on("n", (n) => heard.push(n));
    socket.on("ask", (n, answer) => { heard.push(n); answer(n); });
  };
  window.send = () => {
    const n = sent++;
    if (n % 10 === 3) {
      asked++;
      socket.emitWithAck("ask", n).then((answer) => answers.push(answer === n ? "right" : answer), (error) => answers.push(String(error)));
    } else if (n % 7 === 2) socket.emit("n", n, new Uint8Array(n % 50).fill(n & 255));
    else socket.emit("n", n, "x".repeat(n % 40));
  };
  window.burst = (count) => {
    const step = () => { for (let k = 0; k < 5 && count-- > 0; k++) send(); if (count > 0) setTimeout(step, 2); };
    step();
  }; 0`;

for (const name of BROWSERS) {
  describe(`acknowledged delivery in ${name}`, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser(name);
    });
    afterAll(() => browser?.close());

    async function visit(port: number, options: object): Promise<Page> {
      const page = await browser.newPage();
      onTestFinished(() => page.close());
      await page.open(`http://127.0.0.1:${port}/`);
      await page.evaluate(PROGRAM);
      await page.evaluate(`start(${JSON.stringify(options)}), 0`);
      await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      return page;
    }

    for (const [way, transports] of Object.entries(WAYS)) {
      for (const [network, hostility] of Object.entries(networks)) {
        it(`hands over every event once and in order: ${way}, ${network}`, async () => {
          const seed = seedOfThisRun();
          console.info(`delivery in ${name}: SEED=${seed}`);
          const random = seeded(seed + 1);
          const here = await site({ pingInterval: 400, pingTimeout: 400, connectionStateRecovery: {} });
          const heard: number[] = [];
          const answers: unknown[] = [];
          let asked = 0;
          here.io.on("connection", (socket) => {
            if (!socket.recovered) void socket.join("room");
            socket.on("n", (n: number) => heard.push(n));
            socket.on("ask", (n: number, answer: (n: number) => void) => {
              heard.push(n);
              answer(n);
            });
          });
          const proxy = new HostileProxy(here.port, {}, seed);
          onTestFinished(() => proxy.close());
          const page = await visit(await proxy.listen(), {
            transports,
            reconnectionDelay: 5,
            reconnectionDelayMax: 20,
            timeout: 800,
          });
          const id = await page.evaluate<string>("socket.id");
          const [first] = here.io.sockets.sockets.values();
          // Until the client knows of its session nothing of it can be resumed: the network turns bad after that.
          proxy.become(hostility);
          proxy.cutAll();
          await page.evaluate(`burst(${EVENTS}), 0`);
          let sent = 0;
          for (let n = 0; n < EVENTS; n++) {
            const number = sent++;
            if (random.chance(0.1)) {
              asked++;
              first?.emitWithAck("ask", number).then(
                (answer) => answers.push(answer === number ? "right" : answer),
                (error) => answers.push(error),
              );
            } else if (random.chance(0.2)) here.io.to("room").emit("n", number);
            else first?.emit("n", number, random.chance(0.3) ? Buffer.alloc(random.between(0, 50), 7) : "y".repeat(30));
            if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, random.between(0, 4)));
          }
          await eventually<number>(page, "sent", (count) => count === EVENTS, 30_000);
          // A connection may have many bytes to live: then it takes more to bring it to its end.
          for (let more = 0; more < 2000 && proxy.counts.cut <= 2; more++) {
            first?.emit("n", sent++, "y".repeat(300));
            await new Promise((resolve) => setTimeout(resolve, 2));
          }
          const { cut } = proxy.counts;
          proxy.become({});
          proxy.cutAll();
          await until(() => heard.length >= EVENTS, `the page's last word (SEED=${seed})`, 30_000);
          await eventually<number>(page, "heard.length", (count) => count >= sent, 30_000);
          await eventually<number>(page, "answers.length - asked", (missing) => missing >= 0);
          await until(() => answers.length >= asked, "the last answers");

          expect(heard).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
          expect(await page.evaluate("heard")).toEqual(Array.from({ length: sent }, (_, n) => n));
          expect(await page.evaluate("answers.filter((answer) => answer !== 'right')")).toEqual([]);
          expect(answers.filter((answer) => answer !== "right")).toEqual([]);
          expect(cut).toBeGreaterThan(2);
          const recoveries = await page.evaluate<boolean[]>("recoveries");
          expect(recoveries.slice(1)).not.toContain(false);
          expect(recoveries.length).toBeGreaterThan(2);
          // A heartbeat may be late once more on a busy machine: then the socket is between two connections just now.
          expect(await eventually<string>(page, "socket.id", Boolean)).toBe(id);
          expect(here.lost).toEqual([]);
        });
      }
    }

    it("goes on over the reload of a page, both ways", async () => {
      const here = await site({ connectionStateRecovery: {} });
      const heard: number[] = [];
      here.io.on("connection", (socket) => socket.on("n", (n: number) => heard.push(n)));
      const page = await visit(here.port, { transports: ["websocket"], storage: true });
      const id = await page.evaluate<string>("socket.id");
      const [first] = here.io.sockets.sockets.values();
      // The last of these is on its way when the page is left.
      await page.evaluate(`burst(20), setTimeout(() => { socket.emit("n", 20); location.reload(); }, 30), 0`);
      await until(() => first?.connected === false, "the page has left");
      first?.emit("n", 0);
      await eventually<boolean>(
        page,
        "typeof window.io === 'function' && window.heard === undefined",
        (isNew) => isNew,
      );
      await page.evaluate(PROGRAM);
      await page.evaluate(`start({ transports: ["websocket"], storage: true }), socket.emit("n", 21), 0`);
      await eventually<boolean>(page, "socket.connected", (isConnected) => isConnected);
      await eventually<number>(page, "heard.length", (count) => count === 1);
      // Two of them ask, which nobody hears here.
      await until(() => heard.length >= 20, "what both pages have sent");
      expect(heard).toEqual(Array.from({ length: 22 }, (_, n) => n).filter((n) => n % 10 !== 3));
      expect(await page.evaluate("socket.id")).toBe(id);
      expect(await page.evaluate("socket.recovered")).toBe(true);
      expect(await page.evaluate("sessionStorage.length")).toBe(0);
    });
  });
}

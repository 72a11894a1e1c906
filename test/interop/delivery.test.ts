// Interop: acknowledged delivery between our own two ends over real sockets and bad networks. Each event once and in order, each acknowledgement once.
import type { Socket as ClientSocket } from "socket.io-client";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { HostileProxy, type Hostility } from "../support/hostile-proxy.js";
import { stubPage } from "../support/page.js";
import { type Random, seeded, seedOfThisRun } from "../support/random.js";
import { client as open, portOf, stage } from "../support/scene.js";
import { inTime, until } from "../support/waiting.js";
import { OURS, PAGE, WAYS } from "./pairs.js";

/** At least. */
const EVENTS = 800;
const RETURNS = 4;

const networks: Record<string, Hostility> = {
  "cut by RST": { split: [1, 300], cutAfter: [300, 6000], cutBy: "rst" },
  "cut by FIN": { split: [1, 300], cutAfter: [300, 6000], cutBy: "fin" },
  "slow and cut": { delay: [0, 5], join: 2, cutAfter: [1000, 12_000], cutBy: "rst" },
};

/** What one end sends and the other hears. */
class Direction {
  sent = 0;
  readonly heard: number[] = [];
  readonly answers: unknown[] = [];
  asked = 0;

  /** Sends the next event, now and then with bytes or with a wish for an answer. */
  send(
    socket: {
      emit(event: string, ...args: unknown[]): unknown;
      emitWithAck(event: string, ...args: unknown[]): Promise<unknown>;
    },
    random: Random,
  ): void {
    const n = this.sent++;
    if (random.chance(0.1)) {
      this.asked++;
      socket.emitWithAck("ask", n).then(
        (answer) => this.answers.push(answer === n ? "right" : answer),
        (error) => this.answers.push(error),
      );
    } else if (random.chance(0.11)) socket.emit("n", n, Buffer.alloc(random.between(0, 50), n & 255));
    else socket.emit("n", n, "x".repeat(random.between(0, 40)));
  }

  listen(socket: { on(event: string, listener: (...args: never[]) => void): unknown }): void {
    socket.on("n", (n: number) => this.heard.push(n));
    socket.on("ask", (n: number, answer: (n: number) => void) => {
      this.heard.push(n);
      answer(n);
    });
  }

  expectWhole(): void {
    expect(this.heard).toEqual(Array.from({ length: this.sent }, (_, n) => n));
    expect(this.answers).toEqual(Array.from({ length: this.asked }, () => "right"));
  }
}

beforeEach(stubPage);

for (const { name, server, client } of [OURS, PAGE])
  describe(`acknowledged delivery: ${name}`, () => {
    for (const [way, options] of Object.entries(WAYS)) {
      for (const [network, hostility] of Object.entries(networks)) {
        it(`hands over every event once and in order: ${way}, ${network}`, async () => {
          const seed = seedOfThisRun();
          console.info(`delivery: SEED=${seed}`);
          const random = seeded(seed + 1);
          const scene = await stage(server, { pingInterval: 300, pingTimeout: 300, connectionStateRecovery: {} });
          const proxy = new HostileProxy(portOf(scene.httpServer), {}, seed);
          onTestFinished(() => proxy.close());
          const port = await proxy.listen();
          const up = new Direction();
          const down = new Direction();
          const resumed: boolean[] = [];
          scene.io.on("connection", (socket) => {
            resumed.push(socket.recovered);
            up.listen(socket);
            if (!socket.recovered) void socket.join("room");
          });
          const peer: ClientSocket = open(client, `http://127.0.0.1:${port}`, {
            ...options,
            reconnection: true,
            reconnectionDelay: 5,
            reconnectionDelayMax: 20,
            timeout: 500,
          });
          down.listen(peer);
          // Until the client knows of its session nothing of it can be resumed: the network turns bad after that.
          await until(() => peer.connected, "the client is connected");
          proxy.become(hostility);
          proxy.cutAll();
          const { id } = peer;
          const [first] = scene.io.of("/").sockets.values();
          if (first === undefined) throw new Error("the server has no socket");

          const returns = (): number => resumed.filter((was) => was).length;
          for (let n = 0; n < EVENTS || returns() < RETURNS; n++) {
            up.send(peer, random);
            // The socket of the first connection is away, or has been succeeded by another: both are the same to who emits.
            if (random.chance(0.2)) scene.io.to("room").emit("n", down.sent++);
            else down.send(first, random);
            if (n % 5 === 0) await new Promise((resolve) => setTimeout(resolve, random.between(0, 3)));
          }
          proxy.become({});
          proxy.cutAll();
          await inTime(peer.timeout(60_000).emitWithAck("ask", up.sent++), `the last word (SEED=${seed})`, 60_000);
          await until(() => down.heard.length >= down.sent, "the server's last word");
          await until(() => up.answers.length >= up.asked && down.answers.length >= down.asked, "the last answers");
          up.expectWhole();
          down.expectWhole();
          expect(resumed.filter((was) => !was)).toHaveLength(1);
          expect(peer.id).toBe(id);
        });
      }
    }
  });

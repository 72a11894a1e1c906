// A whole client, message by message: what a server says, at which time, and what the program does meanwhile, mutated. Passes if nothing is thrown,
// every error that the program is told is documented, no handler runs behind a disconnect, and no timer is left.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { delivery } from "../../src/client/delivery.js";
import type { Socket } from "../../src/client/socket.js";
import { VaivenError } from "../../src/errors.js";
import { OPEN, type ScriptedTransport, scene } from "../unit/client/scripted-host.js";
import type { FuzzTarget } from "./fuzz-target.js";

const DOCUMENTED = new Set(
  [
    ...readFileSync(join(import.meta.dirname ?? __dirname, "../../docs/reference/errors.md"), "utf8").matchAll(
      /^\| `([A-Z0-9_]+)` \|/gm,
    ),
  ].map((match) => match[1]),
);
const END = 0xfe;
const OURS =
  '0{"sid":"engine","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000,"vaiven":{"v":1,"caps":["ack-errors","drain","refresh","delivery"]}}';
let steps = 0;

class Conversation {
  private readonly scene = scene();
  private readonly socket: Socket;
  private readonly problems: unknown[] = [];
  private isConnected = false;

  constructor(hasDelivery: boolean) {
    const manager = this.scene.manager({ ...(hasDelivery && { delivery: delivery() }), randomizationFactor: 0 });
    this.socket = manager.socket("/", { auth: { token: "x" } });
    const note = (error: unknown): void => this.check(error);
    manager.on("error", note);
    manager.on("reconnect_error", note);
    for (const socket of [this.socket, manager.socket("/other")]) {
      socket.on("connect_error", note);
      socket.on("disconnect", (_reason, details) => this.check((details as { error?: unknown } | undefined)?.error));
      socket.onAny((...args: unknown[]) => {
        if (typeof args[0] !== "string" && typeof args[0] !== "number") throw new Error("an event without a name");
        if (socket === this.socket && !this.isConnected) this.problems.push(new Error("an event behind a disconnect"));
        const answer = args.at(-1);
        if (typeof answer === "function") answer("got it", new Uint8Array([1]));
      });
    }
    this.socket.on("connect", () => {
      this.isConnected = true;
    });
    this.socket.on("disconnect", () => {
      this.isConnected = false;
    });
    this.scene.platform.settle();
  }

  step(letter: string, payload: Buffer): void {
    steps++;
    const { scene, socket } = this;
    const text = payload.toString();
    switch (letter) {
      case "o":
        if (!this.transport.opened || this.transport.writable) break;
        this.transport.accept(text === "" ? OPEN : text === "o" ? OURS : text);
        break;
      case "t":
        if (this.isOpen) scene.receive(text);
        break;
      case "b":
        if (this.isOpen) scene.receive(new Uint8Array(payload));
        break;
      case "x":
        if (this.isOpen) this.transport.fail(new VaivenError("SESSION_TRANSPORT_ERROR", "x"));
        break;
      case "m":
        scene.platform.advance((payload[0] ?? 10) * 100);
        break;
      case "e":
        socket.emit("said", text, new Uint8Array(payload));
        break;
      case "a":
        socket.timeout((payload[0] ?? 1) * 10).emit("asked", text, (error: unknown) => this.check(error));
        break;
      case "w":
        socket.emitWithAck("asked", text).catch((error: unknown) => this.check(error));
        break;
      case "d":
        socket.disconnect();
        break;
      default:
        socket.connect();
    }
    scene.platform.settle();
    const [problem] = this.problems;
    if (problem !== undefined) throw problem;
  }

  leave(): void {
    const { platform } = this.scene;
    this.socket.io.reconnection(false);
    for (const socket of Object.values(this.socket.io.nsps)) socket.disconnect();
    this.socket.io._close();
    platform.settle();
    platform.advance(700_000);
    if (platform.timerCount > 0) throw new Error(`${platform.timerCount} timers are left`);
    const [problem] = this.problems;
    if (problem !== undefined) throw problem;
  }

  private get transport(): ScriptedTransport {
    return this.scene.last();
  }

  private get isOpen(): boolean {
    return this.transport.writable && !this.transport.ended;
  }

  /** What the server sends as an acknowledgement's error keeps the server's code. */
  private check(error: unknown): void {
    if (!(error instanceof VaivenError)) return;
    if (!DOCUMENTED.has(error.code)) this.problems.push(new Error(`an error of code ${error.code}`, { cause: error }));
  }
}

function conversation(...parts: readonly (string | Buffer)[]): Uint8Array {
  return Buffer.concat(parts.flatMap((part) => [Buffer.from(part as string), Buffer.from([END])]));
}

export const target: FuzzTarget = {
  name: "client",
  separator: END,
  share: 2,
  steps: () => steps,
  seeds: [
    conversation(
      "-",
      "o",
      't40{"sid":"s1"}',
      't42["hello",1]',
      't427["hello",1]',
      "ax",
      't430["answer"]',
      "t2",
      "d",
      "c",
    ),
    conversation(
      "-",
      "o",
      't40{"sid":"s1"}',
      "t1",
      "mz",
      "o",
      't40{"sid":"s2"}',
      "eyes",
      "x",
      "mz",
      "o",
      't44{"message":"no"}',
    ),
    conversation(
      "-",
      "o",
      't40{"sid":"s1"}',
      't451-["b",{"_placeholder":true,"num":0}]',
      "bxyz",
      't461-0[{"_placeholder":true,"num":0}]',
      "bx",
      "t41",
    ),
    conversation(
      "+",
      "oo",
      't40{"sid":"s1","vaiven":{"keep":1000,"pid":"p","caps":15}}',
      "ehello",
      't47["received",1]',
      't42["a"]',
      "x",
      "mz",
      "oo",
      't40{"sid":"s2","vaiven":{"keep":1000,"pid":"p","received":1}}',
      't47["skip",1]',
    ),
    conversation(
      "+",
      "oo",
      't40/other,{"sid":"s1"}',
      't40{"sid":"s1"}',
      't47["return",100]',
      "wq",
      't47["ack-error",0,{"name":"E","message":"m","code":"X"}]',
      't47["lapsed","x"]',
      't47["refresh"]',
      "t41/other,",
      "x",
    ),
    conversation(
      "-",
      "o0{}",
      "o",
      "mz",
      "mz",
      "o",
      't40{"sid":"s1","pid":"p"}',
      't42["e","offset"]',
      "x",
      "mz",
      "o",
      't40{"sid":"s1","pid":"p"}',
    ),
  ],
  run(input) {
    const talk = new Conversation(input[0] === 0x2b);
    for (let at = input.indexOf(END) + 1; at > 0 && at < input.length; ) {
      const end = input.indexOf(END, at);
      const stop = end === -1 ? input.length : end;
      talk.step(String.fromCharCode(input[at] ?? 0), Buffer.from(input.subarray(Math.min(stop, at + 1), stop)));
      at = stop + 1;
    }
    talk.leave();
  },
};

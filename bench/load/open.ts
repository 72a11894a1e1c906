// Load generator: connections opened and kept open, for their cost in memory and in CPU time.
import type { Load } from "../loads.js";
import { type Connection, openAll, type Target } from "./connection.js";
import type { Driver } from "./driver.js";
import { textFrame } from "./messages.js";

/** Opened and closed beforehand, so that the server has compiled its path and loaded what it loads late. */
const WARM_CONNECTIONS = 400;

export class OpenDriver implements Driver {
  messages = 0;
  #load: Load;
  #target: Target;
  #connections: Connection[] = [];
  #failure: Error | undefined;

  constructor(load: Load, target: Target) {
    this.#load = load;
    this.#target = target;
  }

  async prepare(): Promise<void> {
    const warm = await this.#open(WARM_CONNECTIONS, () => false);
    for (const connection of warm) connection.close();
    // The server sees them go before the window opens.
    await new Promise((resolve) => setTimeout(resolve, 300));
  }

  async run(seconds: number): Promise<void> {
    // Warming up is done; a window without a length is that.
    if (seconds === 0) return;
    // Memory needs them all, whatever they take; their time is bounded by a minute.
    const limit = this.#load.name === "memory" ? 60 : seconds;
    const end = performance.now() + limit * 1000;
    this.messages = 0;
    this.#connections = await this.#open(this.#load.clients, () => performance.now() > end);
    this.messages = this.#connections.length;
    if (this.#load.name === "memory" && this.messages < this.#load.clients) {
      throw new Error(`only ${this.messages} of ${this.#load.clients} connections opened within ${limit} s`);
    }
  }

  async #open(count: number, expired: () => boolean): Promise<Connection[]> {
    const fail = (error: Error): void => {
      this.#failure ??= error;
    };
    const connections = await openAll(this.#target, count, fail, (connection) => this.#confirm(connection), expired);
    if (this.#failure !== undefined) throw this.#failure;
    return connections;
  }

  /** Socket.IO has said CONNECT by now; a bare WebSocket takes one text and gives it back, which costs about the same two messages. */
  async #confirm(connection: Connection): Promise<void> {
    if (this.#target.subject.speaks !== "text") return;
    connection.socket.write(textFrame("40"));
    await connection.nextText((text) => text === "40");
  }

  latency(): (number | undefined)[] {
    return [undefined, undefined];
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

// Interop: npm's cluster-adapter and sticky with our server in real worker processes.
import type { Socket as ClientSocket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ChildProgram } from "../support/child-program.js";
import { type ClientLibrary, type ClientOptions, client } from "../support/scene.js";
import { once } from "../support/waiting.js";
import { OURS, REFERENCE, WAYS } from "./pairs.js";

describe("cluster-adapter and sticky: two workers of ours", () => {
  let program: ChildProgram;
  let url = "";
  beforeAll(async () => {
    program = new ChildProgram("cluster-adapter.ts");
    url = `http://127.0.0.1:${await program.port()}`;
  });
  afterAll(() => program?.kill());

  /** Connects and learns in which process. */
  async function visit(library: ClientLibrary, options: ClientOptions): Promise<[ClientSocket, number]> {
    const peer = client(library, url, options);
    const lost = new Promise<never>((_, reject) => {
      peer.once("connect_error", reject);
      peer.once("disconnect", (reason, details) => reject(new Error(reason, { cause: details })));
    });
    const [pid] = await Promise.race([once<[number]>(peer, "worker"), lost]);
    return [peer, pid];
  }

  /** Two clients in different workers. */
  async function apart(options: ClientOptions): Promise<[ClientSocket, ClientSocket]> {
    const [one, first] = await visit(REFERENCE.client, options);
    for (let tries = 0; tries < 10; tries++) {
      const [two, second] = await visit(OURS.client, options);
      if (second !== first) return [one, two];
      two.disconnect();
    }
    throw new Error("every client came to the same worker");
  }

  for (const way of ["polling", "websocket", "upgrade"] as const) {
    it(`keep a session in its worker and reach each other's rooms, over ${way}`, async () => {
      const [one, two] = await apart(WAYS[way]);
      await Promise.all([one.emitWithAck("join", way), two.emitWithAck("join", way)]);
      const heard = [once(one, "shout"), once(two, "shout")];
      two.emit("shout", way, "hello");
      const [first, second] = await Promise.all(heard);
      expect(first?.[0]).toBe("hello");
      expect(first).toEqual(second);
    });
  }

  it("see each other's sockets, gather acknowledgements and answer each other", async () => {
    const [one, two] = await apart(WAYS.websocket);
    one.on("question", (answer: (text: string) => void) => answer("one"));
    two.on("question", (answer: (text: string) => void) => answer("two"));
    expect(((await one.emitWithAck("everybody")) as string[]).sort()).toEqual([one.id, two.id].sort());
    expect(((await one.emitWithAck("ask everybody")) as string[]).sort()).toEqual(["one", "two"]);
    expect(await one.emitWithAck("ask servers")).toHaveLength(1);
    const gone = once(two, "disconnect");
    one.emit("send away", two.id);
    expect((await gone)[0]).toBe("io server disconnect");
  });
});

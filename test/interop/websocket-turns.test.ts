// `vaiven/websocket`: one opening handshake at a time with a host and port (RFC 6455 section 4.1, step 2), over real sockets.
import { Agent } from "node:http";
import { connect } from "vaiven/websocket";
import { afterEach, describe, expect, it } from "vitest";
import { handshakeTurns } from "../../src/node/handshake-turns.js";
import { inTime, until } from "../support/waiting.js";
import { acceptance, byteServer, open, refusal } from "./websocket-stage.js";

interface Asked {
  readonly target: string;
  accept(): void;
  answer(text: string): void;
}

/** A server that answers when the test says so. */
async function patient(): Promise<{ url: string; port: number; asked: Asked[] }> {
  const asked: Asked[] = [];
  const { url, port } = await byteServer((request, socket) =>
    asked.push({
      target: /^GET (\S+)/.exec(request)?.[1] ?? "",
      accept: () => socket.write(acceptance(request)),
      answer: (text) => socket.end(text),
    }),
  );
  return { url, port, asked };
}

const targets = (asked: readonly Asked[]): string[] => asked.map(({ target }) => target);
/** Asks besides: had the others not been held back, they would be there before. */
async function probe(port: number, asked: readonly Asked[]): Promise<void> {
  const attempt = refusal(connect(`ws://127.0.0.1:${port}/probe`, { parallelHandshakes: true }));
  await until(() => targets(asked).includes("/probe"), "the probe asked");
  asked[targets(asked).indexOf("/probe")]!.answer("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n");
  await attempt;
}

afterEach(async () => {
  await until(() => handshakeTurns.size === 0, "every turn was given back");
});

describe("section 4.1: MUST NOT be more than one connection to a host and port in its opening handshake", () => {
  it("so that they are made one behind the other, in order", async () => {
    const { url, port, asked } = await patient();
    const peers = ["/1", "/2", "/3"].map((path) => open(url + path));
    await until(() => asked.length === 1, "the first one asked");
    await probe(port, asked);
    expect(targets(asked)).toEqual(["/1", "/probe"]);
    asked[0]!.accept();
    await inTime(peers[0]!, "the first one");
    await until(() => asked.length === 3, "the second one asked");
    asked[2]!.accept();
    await inTime(peers[1]!, "the second one");
    await until(() => asked.length === 4, "the third one asked");
    asked[3]!.accept();
    await inTime(peers[2]!, "the third one");
    expect(targets(asked)).toEqual(["/1", "/probe", "/2", "/3"]);
  });

  it("whatever its name is", async () => {
    const { port, asked } = await patient();
    const lookup = ((_name: string, options: { all?: boolean }, done: (...found: unknown[]) => void) =>
      options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) as never;
    const first = open(`ws://127.0.0.1:${port}/1`);
    await until(() => asked.length === 1, "the first one asked");
    const second = open(`ws://one.example:${port}/2`, { request: { lookup } });
    await probe(port, asked);
    expect(targets(asked)).toEqual(["/1", "/probe"]);
    asked[0]!.accept();
    await inTime(first, "the first one");
    await until(() => asked.length === 3, "the second one asked");
    asked[2]!.accept();
    await inTime(second, "the second one");
  });

  it("while another host or port has its own", async () => {
    const [one, other] = [await patient(), await patient()];
    const peers = [open(one.url), open(other.url)];
    await until(() => one.asked.length + other.asked.length === 2, "both asked");
    one.asked[0]!.accept();
    other.asked[0]!.accept();
    await inTime(Promise.all(peers), "both");
  });

  it("by name where somebody else finds the address: through an agent", async () => {
    const { port, asked } = await patient();
    const agent = new Agent({
      lookup: ((_name: string, options: { all?: boolean }, done: (...found: unknown[]) => void) =>
        options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4)) as never,
    });
    const through = { request: { agent } };
    const peers = ["a.example", "b.example", "a.example"].map((name, at) =>
      open(`ws://${name}:${port}/${at}`, through),
    );
    await until(() => asked.length === 2, "both names were asked");
    await probe(port, asked);
    expect(targets(asked).sort()).toEqual(["/0", "/1", "/probe"]);
    for (const each of [...asked]) each.accept();
    await until(() => asked.length === 4, "the first name was asked again");
    asked[3]!.accept();
    await inTime(Promise.all(peers), "all of them");
  });

  it.each([
    [
      "is refused",
      (asked: Asked) => asked.answer("HTTP/1.1 403 X\r\nContent-Length: 0\r\n\r\n"),
      {},
      "HANDSHAKE_STATUS",
    ],
    ["is answered with what is no HTTP", (asked: Asked) => asked.answer("SSH-2.0\r\n"), {}, "SESSION_TRANSPORT_ERROR"],
    [
      "is answered for another key",
      (asked: Asked) =>
        asked.answer(
          "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
        ),
      {},
      "HANDSHAKE_ACCEPT",
    ],
    ["is cut", (asked: Asked) => asked.answer(""), {}, "SESSION_TRANSPORT_ERROR"],
    ["takes too long", () => {}, { handshakeTimeout: 60 }, "HANDSHAKE_TIMEOUT"],
  ])("and one that %s lets the next one go", async (_what, end, options, code) => {
    const { url, asked } = await patient();
    const first = refusal(connect(`${url}/1`, options));
    const second = open(`${url}/2`);
    await until(() => asked.length === 1, "the first one asked");
    end(asked[0]!);
    expect(await first).toMatchObject({ code });
    await until(() => asked.length === 2, "the second one asked");
    asked[1]!.accept();
    await inTime(second, "the second one");
  });

  it("and one that is aborted lets the next one go, whether it asks or waits", async () => {
    const { url, asked } = await patient();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = refusal(connect(`${url}/1`, { signal: one.signal }));
    const second = refusal(connect(`${url}/2`, { signal: two.signal }));
    const third = open(`${url}/3`);
    await until(() => asked.length === 1, "the first one asked");
    two.abort(new Error("enough"));
    expect(await second).toMatchObject({ code: "HANDSHAKE_ABORTED", cause: new Error("enough") });
    one.abort();
    expect(await first).toMatchObject({ code: "HANDSHAKE_ABORTED" });
    await until(() => asked.length === 2, "the third one asked");
    asked[1]!.accept();
    await inTime(third, "the third one");
    expect(targets(asked)).toEqual(["/1", "/3"]);
    expect(await refusal(connect(url, { signal: AbortSignal.abort() }))).toMatchObject({ code: "HANDSHAKE_ABORTED" });
  });

  it("and one that is sent elsewhere has its turn there", async () => {
    const [one, other] = [await patient(), await patient()];
    const before = open(`${other.url}/before`);
    await until(() => other.asked.length === 1, "somebody asks there");
    const first = open(`${one.url}/1`, { maxRedirects: 1 });
    const second = open(`${one.url}/2`);
    await until(() => one.asked.length === 1, "the first one asked");
    one.asked[0]!.answer(`HTTP/1.1 307 X\r\nLocation: ${other.url}/1\r\nContent-Length: 0\r\n\r\n`);
    await until(() => one.asked.length === 2, "the second one asked");
    expect(targets(other.asked)).toEqual(["/before"]);
    one.asked[1]!.accept();
    other.asked[0]!.accept();
    await until(() => other.asked.length === 2, "the first one asked there");
    other.asked[1]!.accept();
    await inTime(Promise.all([before, first, second]), "all of them");
  });

  it("and the time of a handshake begins with its turn", async () => {
    const { url, asked } = await patient();
    const first = refusal(connect(`${url}/1`, { handshakeTimeout: 300 }));
    const second = open(`${url}/2`, { handshakeTimeout: 200 });
    expect(await first).toMatchObject({ code: "HANDSHAKE_TIMEOUT" });
    await until(() => asked.length === 2, "the second one asked");
    asked[1]!.accept();
    await inTime(second, "the second one");
  });

  it("unless parallelHandshakes says otherwise", async () => {
    const { url, asked } = await patient();
    const peers = ["/1", "/2", "/3"].map((path) => open(url + path, { parallelHandshakes: true }));
    await until(() => asked.length === 3, "all of them asked");
    for (const each of asked) each.accept();
    await inTime(Promise.all(peers), "all of them");
    expect(await refusal(connect(url, { parallelHandshakes: 1 as never }))).toMatchObject({
      code: "API_INVALID_OPTION",
    });
    expect(await refusal(connect(url, { signal: {} as never }))).toMatchObject({ code: "API_INVALID_OPTION" });
  });
});

import { describe, expect, it } from "vitest";
import type { VaivenError } from "../../../src/errors.js";
import { transportError } from "../../../src/http/client-request.js";
import { PollingClient, type RequestDone } from "../../../src/http/polling-client.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { PayloadCodec } from "../../../src/packet/payload.js";
import type { ClientTransportOptions } from "../../../src/session/client-host.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import { FakePlatform } from "../../support/fake-platform.js";

interface Request {
  readonly url: URL;
  readonly body: string | undefined;
  readonly done: (error: VaivenError | undefined, text: string) => void;
  cancelled: boolean;
}

const OPEN = '0{"sid":"abc","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000}';
const OPTIONS: ClientTransportOptions = {
  secure: false,
  hostname: "host.example",
  port: "3000",
  path: "/socket.io/",
  query: { a: "&", n: 1 },
  timestampParam: "t",
  requestTimeout: 0,
};

function polling(options: Partial<ClientTransportOptions> = {}, sid?: string) {
  const platform = Object.assign(new FakePlatform(), { random: () => 0.123456789 });
  const requests: Request[] = [];
  class Polling extends PollingClient {
    protected readonly payload = new PayloadCodec(platform);
    protected request(url: string, body: string | undefined, done: RequestDone): () => void {
      const request: Request = { url: new URL(url), body, done, cancelled: false };
      requests.push(request);
      return () => {
        request.cancelled = true;
      };
    }
  }
  const transport = new Polling({
    options: { ...OPTIONS, ...options },
    sid,
    platform,
    flushQueue: new FlushQueue(platform.soon),
    session: {},
  });
  const heard: string[] = [];
  transport.sink = {
    onOpen: () => void heard.push("open"),
    onText: (packet) => void heard.push(packet),
    onBinary: (bytes) => void heard.push(`bytes ${Buffer.from(bytes).toString("hex")}`),
    onWritable: () => void heard.push("writable"),
    onClose: (error) => void heard.push(`close ${error?.code}`),
  };
  const answer = (text: string): void => {
    const get = requests.filter((request) => request.body === undefined).pop()!;
    get.done(undefined, text);
  };
  const answerPost = (): void => {
    const post = requests.filter((request) => request.body !== undefined).pop()!;
    post.done(undefined, "ok");
  };
  return { transport, requests, heard, answer, answerPost };
}

const message = (text: string): Outgoing => new Outgoing(`4${text}`);

describe("the URL of a polling request", () => {
  it("names protocol, transport, the program's query, and what keeps it out of caches", () => {
    const { transport, requests } = polling();
    transport.open();
    const { url } = requests[0]!;
    expect(url.origin + url.pathname).toBe("http://host.example:3000/socket.io/");
    expect([...url.searchParams.keys()]).toEqual(["a", "n", "EIO", "transport", "t"]);
    expect(url.searchParams.get("a")).toBe("&");
    expect(url.searchParams.get("EIO")).toBe("4");
  });

  it("is never the same twice, and names the session once it is known", () => {
    const { transport, requests, answer } = polling();
    transport.open();
    answer(OPEN);
    transport.send([message("a")]);
    expect(new Set(requests.map(({ url }) => url.searchParams.get("t"))).size).toBe(3);
    expect(requests.map(({ url }) => url.searchParams.get("sid"))).toEqual([null, "abc", "abc"]);
  });

  it("follows timestampRequests, timestampParam, forceBase64 and IPv6 hosts", () => {
    const plain = polling({ timestampRequests: false, forceBase64: true, hostname: "::1", secure: true, port: "" });
    plain.transport.open();
    expect(plain.requests[0]!.url.href).toBe("https://[::1]/socket.io/?a=%26&n=1&EIO=4&transport=polling&b64=1");
    const named = polling({ timestampParam: "when" });
    named.transport.open();
    expect(named.requests[0]!.url.searchParams.has("when")).toBe(true);
  });
});

describe("polling", () => {
  it("opens with the first response and keeps one GET under way", () => {
    const { transport, requests, heard, answer } = polling();
    transport.open();
    expect(transport.writable).toBe(false);
    answer(OPEN);
    expect(heard).toEqual(["open", OPEN]);
    expect(requests.length).toBe(2);
    answer("4a\u001ebAQI=\u001e4b");
    expect(heard.slice(2)).toEqual(["4a", "bytes 0102", "4b"]);
    expect(requests.length).toBe(3);
  });

  it("begins no GET behind its close", () => {
    const { transport, requests, heard, answer, answerPost } = polling();
    transport.open();
    answer(OPEN);
    const { sink } = transport;
    transport.sink = Object.assign(Object.create(sink), { onText: () => transport.close() });
    answer("4a");
    expect(requests.map(({ body }) => body)).toEqual([undefined, undefined, "1"]);
    transport.sink = sink;
    answerPost();
    expect(heard.slice(2)).toEqual(["close undefined"]);
  });

  it("posts one batch at a time", () => {
    const { transport, requests, heard, answer, answerPost } = polling();
    transport.open();
    answer(OPEN);
    transport.send([message("a"), new Outgoing("451-x", [new Uint8Array([1])])]);
    expect(requests[2]!.body).toBe("4a\u001e451-x\u001ebAQ==");
    expect(transport.writable).toBe(false);
    expect(transport.bufferedAmount).toBeGreaterThan(0);
    answerPost();
    expect([transport.writable, transport.bufferedAmount]).toEqual([true, 0]);
    expect(heard).toEqual(["open", OPEN, "writable"]);
  });

  it("posts no more than the server takes in one payload, and what is left behind it", () => {
    const { transport, requests, heard, answer, answerPost } = polling();
    transport.open();
    answer(OPEN.replace("1000", "20"));
    const texts = ["aaaaaaaa", "bbbbbbbb", "cccccccc", "d".repeat(50), "e"];
    transport.send(texts.map(message));
    expect(transport.bufferedAmount).toBeGreaterThan(70);
    transport.close();
    for (let post = 0; post < 4; post++) {
      expect(transport.writable).toBe(false);
      answerPost();
    }
    expect(requests.slice(2).map(({ body }) => body)).toEqual([
      "4aaaaaaaa\u001e4bbbbbbbb",
      "4cccccccc",
      `4${"d".repeat(50)}`,
      "4e",
      "1",
    ]);
    answerPost();
    expect(heard.slice(2)).toEqual(["close undefined"]);
  });

  it("is not paused before everything was posted", () => {
    const { transport, heard, answer, answerPost } = polling();
    transport.open();
    answer(OPEN.replace("1000", "2"));
    transport.send([message("a"), message("b")]);
    transport.pause(() => heard.push("paused"));
    answer("6");
    answerPost();
    expect(heard).not.toContain("paused");
    answerPost();
    expect(heard.at(-1)).toBe("paused");
  });

  it("ends with an error when a request fails, and ends the other one", () => {
    const { transport, requests, heard, answer } = polling();
    transport.open();
    answer(OPEN);
    transport.send([message("a")]);
    requests[2]!.done(transportError("xhr post error", 500), "");
    expect(heard.pop()).toBe("close SESSION_TRANSPORT_ERROR");
    expect(requests[1]!.cancelled).toBe(true);
    expect(heard).toEqual(["open", OPEN]);
  });

  it("ends when the server says so, without what stands after it", () => {
    const { transport, heard, answer, requests } = polling();
    transport.open();
    answer(`${OPEN}\u001e4a\u001e1\u001e4b`);
    expect(heard).toEqual(["open", OPEN, "4a", "close SESSION_TRANSPORT_CLOSED"]);
    expect(requests.length).toBe(1);
  });

  it.each(["9x", "", "4a\u001e", "b*"])("ends with an error at %j", (payload) => {
    const { transport, heard, answer } = polling();
    transport.open();
    answer(OPEN);
    answer(payload);
    expect(heard[heard.length - 1]).toMatch(/^close PACKET_/);
  });

  it("pauses when neither GET nor POST is under way, having handed over what had arrived", () => {
    const { transport, requests, heard, answer, answerPost } = polling();
    transport.open();
    answer(OPEN);
    transport.send([message("a")]);
    transport.pause(() => heard.push("paused"));
    answer("6\u001e4b");
    expect(heard).not.toContain("paused");
    answerPost();
    expect(heard.slice(2)).toEqual(["6", "4b", "paused"]);
    expect([transport.writable, requests.length]).toEqual([false, 3]);
  });

  it("closes by a close packet behind the POST that is under way", () => {
    const { transport, requests, heard, answer, answerPost } = polling();
    transport.open();
    answer(OPEN);
    transport.send([message("a")]);
    transport.close();
    transport.close();
    expect(transport.writable).toBe(false);
    answerPost();
    expect(requests[3]!.body).toBe("1");
    answerPost();
    expect(heard.slice(2)).toEqual(["close undefined"]);
    expect(requests[1]!.cancelled).toBe(true);
  });

  it("says nothing after it was discarded", () => {
    const { transport, requests, heard, answer } = polling();
    transport.open();
    answer(OPEN);
    transport.discard();
    expect(requests[1]!.cancelled).toBe(true);
    transport.close();
    transport.pause(() => heard.push("paused"));
    expect(heard).toEqual(["open", OPEN]);
    expect(requests.length).toBe(2);
  });

  it("closes at once while it is not open", () => {
    const { transport, requests, heard } = polling();
    transport.open();
    transport.close();
    expect(heard).toEqual(["close undefined"]);
    expect(requests[0]!.cancelled).toBe(true);
  });
});

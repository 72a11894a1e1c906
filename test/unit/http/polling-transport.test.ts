// http/polling-transport.ts: invariant 2 of ARCHITECTURE.md, and what a client may do to it.
import { describe, expect, it } from "vitest";
import type { VaivenError } from "../../../src/errors.js";
import { type PollingSettings, PollingTransport } from "../../../src/http/polling-transport.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { PayloadCodec } from "../../../src/packet/payload.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import type { TransportSink } from "../../../src/session/transport.js";
import { FakePlatform } from "../../support/fake-platform.js";
import { FakeExchange } from "./fake-exchange.js";

function stage(settings: Partial<PollingSettings> = {}, jsonp?: string) {
  const platform = new FakePlatform();
  const transport = new PollingTransport(
    {
      maxBodyBytes: 1000,
      compressFrom: 1024,
      payloads: new PayloadCodec(platform),
      platform,
      flushQueue: new FlushQueue(platform.soon),
      ...settings,
    },
    jsonp,
  );
  const seen: (string | Uint8Array)[] = [];
  const ends: (VaivenError | undefined)[] = [];
  const sink: TransportSink = {
    onText: (packet) => void seen.push(packet),
    onBinary: (message) => void seen.push(message),
    onWritable: () => void seen.push("writable"),
    onClose: (error) => void ends.push(error),
  };
  transport.sink = sink;
  return { transport, seen, ends, sink };
}

const poll = (transport: PollingTransport, stamp?: string): FakeExchange => {
  const exchange = new FakeExchange();
  transport.onPoll(exchange, stamp);
  return exchange;
};

const post = (transport: PollingTransport, stamp?: string, headers = {}): FakeExchange => {
  const exchange = new FakeExchange("POST", headers);
  transport.onPost(exchange, stamp);
  return exchange;
};

describe("a poll", () => {
  it("is held until something is sent, and then answered with all of it", () => {
    const { transport, seen } = stage();
    expect(transport.writable).toBe(false);
    const exchange = poll(transport);
    expect(seen).toEqual(["writable"]);
    expect(transport.writable).toBe(true);
    expect(exchange.status).toBeUndefined();
    transport.send([new Outgoing("41"), new Outgoing("42")]);
    expect(exchange).toMatchObject({ status: 200, body: "41\u001e42", coding: undefined });
    expect(exchange.headers).toEqual({ "Content-Type": "text/plain; charset=UTF-8", "cache-control": "no-store" });
    expect(transport.writable).toBe(false);
  });

  it("is answered with compression from the threshold on, where the client takes it", () => {
    for (const [length, accept, coding] of [
      [1023, "gzip", undefined],
      [1024, "gzip", "gzip"],
      [1024, "", undefined],
      [342, "gzip", undefined],
    ] as const) {
      const { transport } = stage();
      const exchange = new FakeExchange("GET", { "accept-encoding": accept });
      transport.onPoll(exchange, undefined);
      transport.send([new Outgoing("x".repeat(length))]);
      expect(exchange.coding).toBe(coding);
    }
  });

  it("counts bytes and not characters toward the threshold", () => {
    const { transport } = stage();
    const exchange = new FakeExchange("GET", { "accept-encoding": "gzip" });
    transport.onPoll(exchange, undefined);
    transport.send([new Outgoing("€".repeat(342))]);
    expect(exchange.coding).toBe("gzip");
  });

  it("beside a held one closes the session; the held one is told", () => {
    const { transport, ends } = stage();
    const first = poll(transport, "a");
    const second = poll(transport, "b");
    expect(second.status).toBe(400);
    expect(first).toMatchObject({ status: 200, body: "1" });
    expect(ends.map((error) => error?.code)).toEqual(["HTTP_REQUEST_OVERLAP"]);
  });

  it("that comes again closes the session, since what it was answered may be lost", () => {
    const { transport, ends } = stage();
    poll(transport, "a");
    transport.send([new Outgoing("41")]);
    expect(poll(transport, "a").status).toBe(400);
    expect(ends.map((error) => error?.code)).toEqual(["HTTP_REQUEST_REPEATED"]);
  });

  it("without a stamp is never taken for a repeated one", () => {
    const { transport, ends } = stage();
    for (let round = 0; round < 20; round++) {
      poll(transport);
      transport.send([new Outgoing("41")]);
    }
    expect(ends).toEqual([]);
  });

  it("whose client leaves closes the session", () => {
    const { transport, ends } = stage();
    poll(transport).leaves();
    expect(ends).toMatchObject([{ code: "SESSION_TRANSPORT_ERROR", message: "poll connection closed prematurely" }]);
  });

  it("whose client leaves before it has the answer closes the session", () => {
    const { transport, ends } = stage();
    const exchange = poll(transport);
    transport.send([new Outgoing("41")]);
    exchange.leaves();
    expect(ends).toMatchObject([{ code: "SESSION_TRANSPORT_ERROR" }]);
  });

  it("counts what of its answer has not left", () => {
    const { transport } = stage();
    const exchange = poll(transport);
    transport.send([new Outgoing("41")]);
    exchange.pendingBytes = 77;
    expect(transport.bufferedAmount).toBe(77);
  });
});

describe("a POST", () => {
  it("hands over its packets in order and is answered ok", () => {
    const { transport, seen } = stage();
    const exchange = post(transport);
    expect(exchange.bodyLimit).toBe(1000);
    exchange.comes('42["a"]\u001ebAQL/\u001e42["b"]');
    expect(seen).toEqual(['42["a"]', Uint8Array.from([1, 2, 255]), '42["b"]']);
    expect(exchange).toMatchObject({ status: 200, body: "ok" });
  });

  it("that comes again is answered ok and has no second effect", () => {
    const { transport, seen, ends } = stage();
    post(transport, "a").comes("42");
    post(transport, "b").comes("43");
    const again = post(transport, "a");
    expect(again).toMatchObject({ status: 200, body: "ok", bodyLimit: undefined });
    expect(seen).toEqual(["42", "43"]);
    expect(ends).toEqual([]);
  });

  it("that comes again while the first is being read has no second effect", () => {
    const { transport, seen, ends } = stage();
    const first = post(transport, "a");
    expect(post(transport, "a").status).toBe(200);
    first.comes("42");
    expect(seen).toEqual(["42"]);
    expect(ends).toEqual([]);
  });

  it("beside another one closes the session, and nothing of either arrives", () => {
    const { transport, seen, ends } = stage();
    const first = post(transport, "a");
    expect(post(transport, "b").status).toBe(400);
    first.comes("42");
    expect(first.status).toBe(400);
    expect(seen).toEqual([]);
    expect(ends.map((error) => error?.code)).toEqual(["HTTP_REQUEST_OVERLAP"]);
  });

  it("above the limit is refused with 413, names the limit and closes the session", () => {
    const { transport, ends } = stage();
    const exchange = post(transport);
    transport.onBodyTooBig(exchange);
    expect(exchange.status).toBe(413);
    expect(exchange.body).toContain("1000");
    expect(ends).toMatchObject([{ code: "HTTP_BODY_TOO_BIG", detail: { limit: 1000 } }]);
  });

  it("of bytes is refused", () => {
    const { transport, ends } = stage();
    expect(post(transport, undefined, { "content-type": "application/octet-stream" }).status).toBe(400);
    expect(ends).toMatchObject([{ code: "HTTP_BAD_REQUEST" }]);
  });

  for (const [what, body, code] of [
    ["in no UTF-8", Uint8Array.from([0x34, 0xff]), "PACKET_INVALID_PAYLOAD"],
    ["of nothing", "", "PACKET_INVALID_PAYLOAD"],
    ["of an unknown packet", "x", "PACKET_UNKNOWN_TYPE"],
  ] as const) {
    it(`${what} closes the session`, () => {
      const { transport, ends } = stage();
      expect(post(transport).comes(body).status).toBe(200);
      expect(ends.map((error) => error?.code)).toEqual([code]);
    });
  }

  it("whose client leaves before its end closes the session", () => {
    const { transport, ends } = stage();
    post(transport).leaves();
    expect(ends).toMatchObject([{ code: "SESSION_TRANSPORT_ERROR" }]);
  });

  it("is not read on when a handler ends the session", () => {
    const { transport, seen, sink } = stage();
    const onText = (packet: string): void => {
      seen.push(packet);
      transport.discard();
    };
    transport.sink = { ...sink, onText };
    expect(post(transport).comes("41\u001e42").status).toBe(200);
    expect(seen).toEqual(["41"]);
  });

  it("whose handler throws is answered, and the error is the handler's", () => {
    const { transport, sink } = stage();
    transport.sink = {
      ...sink,
      onText: () => {
        throw new Error("mine");
      },
    };
    const exchange = post(transport, "a");
    expect(() => exchange.comes("42")).toThrow("mine");
    expect(exchange.status).toBe(200);
    expect(post(transport, "b").bodyLimit).toBe(1000);
  });
});

describe("closing", () => {
  it("answers the held poll with a close packet", () => {
    const { transport, ends } = stage();
    const exchange = poll(transport);
    transport.close();
    expect(exchange.body).toBe("1");
    expect(ends).toEqual([undefined]);
  });

  it("waits for the next poll where none is held", () => {
    const { transport, ends } = stage();
    transport.close();
    expect(ends).toEqual([]);
    expect(poll(transport).body).toBe("6\x1e1");
    expect(ends).toEqual([undefined]);
    expect(poll(transport).status).toBe(400);
    expect(post(transport).status).toBe(400);
  });

  it("at once tells a POST that is being read that it was not heard", () => {
    const { transport, seen } = stage();
    const exchange = post(transport);
    transport.discard();
    exchange.comes("42");
    expect(exchange.status).toBe(400);
    expect(seen).toEqual([]);
  });

  it("at once answers the held poll with the end and tells nobody else", () => {
    const { transport, ends } = stage();
    const exchange = poll(transport);
    transport.discard();
    expect(exchange.body).toBe("1");
    exchange.leaves();
    expect(ends).toEqual([]);
  });
});

describe("a JSONP client", () => {
  it("is answered with a script, and posts a form", () => {
    const { transport, seen } = stage({}, "7");
    const exchange = poll(transport);
    transport.send([new Outgoing('42["</script>\u2028"]')]);
    expect(exchange.body).toBe('___eio[7]("42[\\"<\\/script>\\u2028\\"]");');
    expect(exchange.headers["Content-Type"]).toBe("text/javascript; charset=UTF-8");
    post(transport).comes(`d=${encodeURIComponent('42["a\\\\nb\\nc"]')}`);
    expect(seen).toEqual(["writable", '42["a\\nb\nc"]']);
  });

  it("whose callback is no number is answered with plain text", () => {
    const { transport } = stage({}, "alert(1)");
    const exchange = poll(transport);
    transport.send([new Outgoing("41")]);
    expect(exchange.body).toBe("41");
  });

  it("that posts no form is refused", () => {
    const { transport, ends } = stage({}, "7");
    post(transport).comes("42");
    expect(ends).toMatchObject([{ code: "PACKET_INVALID_PAYLOAD" }]);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { browserHost } from "../../../src/browser/host.js";
import { Fetch, XHR } from "../../../src/browser/polling-transport.js";
import { WebSocket as SocketTransport } from "../../../src/browser/websocket-transport.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import type { ClientTransportContext, ClientTransportOptions } from "../../../src/session/client-host.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import type { ClientTransport } from "../../../src/session/transport.js";
import { FakePlatform } from "../../support/fake-platform.js";
import { microtasks } from "../client/scripted-host.js";

let platform: FakePlatform & { random(): number };

function context(options: Partial<ClientTransportOptions> = {}): ClientTransportContext {
  return {
    options: {
      secure: true,
      hostname: "host.example",
      port: "",
      path: "/socket.io/",
      query: {},
      timestampParam: "t",
      timestampRequests: false,
      requestTimeout: 0,
      ...options,
    } as ClientTransportOptions,
    sid: undefined,
    platform,
    flushQueue: new FlushQueue(platform.soon),
    session: {},
  };
}

function listen(transport: ClientTransport): unknown[] {
  const heard: unknown[] = [];
  transport.sink = {
    onOpen: () => void heard.push("open"),
    onText: (packet) => void heard.push(packet),
    onBinary: (bytes) => void heard.push(bytes),
    onWritable: () => void heard.push("writable"),
    onClose: (error) => void heard.push([error?.code, error?.message]),
  };
  return heard;
}

beforeEach(() => {
  platform = Object.assign(new FakePlatform(), { random: () => 0.5 });
});
afterEach(() => void vi.unstubAllGlobals());

describe("WebSocket in a browser", () => {
  class FakeWebSocket {
    static last: FakeWebSocket;
    binaryType = "blob";
    bufferedAmount = 7;
    readonly sent: unknown[] = [];
    readonly closed: unknown[] = [];
    onopen: (() => void) | null = null;
    onmessage: ((event: { data: unknown }) => void) | null = null;
    onerror: ((event: unknown) => void) | null = null;
    onclose: ((event: unknown) => void) | null = null;
    readonly url: string;
    readonly protocols: unknown;
    constructor(url: string, protocols: unknown) {
      this.url = url;
      this.protocols = protocols;
      FakeWebSocket.last = this;
    }
    send(data: unknown): void {
      this.sent.push(data);
    }
    close(...args: unknown[]): void {
      this.closed.push(args);
    }
  }
  const open = (options: Partial<ClientTransportOptions> = {}) => {
    vi.stubGlobal("WebSocket", FakeWebSocket);
    const transport = new SocketTransport(context(options));
    const heard = listen(transport);
    transport.open();
    return { transport, heard, socket: FakeWebSocket.last };
  };

  it("opens with its subprotocols and takes bytes as array buffers", () => {
    const { transport, heard, socket } = open({ protocols: ["a"] });
    expect(socket.url).toBe("wss://host.example/socket.io/?EIO=4&transport=websocket");
    expect([socket.protocols, socket.binaryType, transport.writable]).toEqual([["a"], "arraybuffer", false]);
    socket.onopen?.();
    socket.onmessage?.({ data: "4a" });
    socket.onmessage?.({ data: new Uint8Array([1, 2]).buffer });
    expect(heard).toEqual(["open", "4a", new Uint8Array([1, 2])]);
    expect([transport.writable, transport.bufferedAmount]).toEqual([true, 7]);
  });

  it("sends one packet a message", () => {
    const { transport, socket } = open();
    socket.onopen?.();
    const bytes = new Uint8Array([1]);
    transport.send([new Outgoing("42a"), new Outgoing("451-b", [bytes])]);
    expect(socket.sent).toEqual(["42a", "451-b", bytes]);
  });

  it("carries bytes as text with forceBase64, both ways", () => {
    const { transport, socket, heard } = open({ forceBase64: true });
    socket.onopen?.();
    transport.send([new Outgoing("451-b", [new Uint8Array([1])])]);
    socket.onmessage?.({ data: "bAg==" });
    expect(socket.sent).toEqual(["451-b", "bAQ=="]);
    expect(heard).toEqual(["open", new Uint8Array([2])]);
    expect(socket.url).toContain("b64=1");
  });

  it.each([
    ["an error", "onerror", ["SESSION_TRANSPORT_ERROR", "websocket error"]],
    ["its close", "onclose", ["SESSION_TRANSPORT_CLOSED", "websocket connection closed"]],
  ] as const)("ends once by %s", (_, event, end) => {
    const { socket, heard, transport } = open();
    socket[event]?.({});
    expect(heard).toEqual([end]);
    expect([socket.onclose, socket.onerror, socket.onmessage, transport.writable]).toEqual([null, null, null, false]);
  });

  it("ends with an error where the page's policy forbids the address", () => {
    vi.stubGlobal("WebSocket", () => {
      throw new Error("policy");
    });
    const transport = new SocketTransport(context());
    const heard = listen(transport);
    transport.open();
    expect(heard).toEqual([]);
    platform.settle();
    expect(heard).toEqual([["SESSION_TRANSPORT_ERROR", "websocket error"]]);
  });

  it("says nothing after it was discarded", () => {
    const { transport, heard, socket } = open();
    transport.discard();
    transport.close(1000);
    expect([socket.closed.length, socket.onopen, heard]).toEqual([1, null, []]);
  });
});

describe("XMLHttpRequest", () => {
  class FakeRequest {
    static all: FakeRequest[] = [];
    withCredentials = false;
    timeout = 0;
    status = 0;
    responseText = "";
    aborted = false;
    onloadend: (() => void) | null = null;
    readonly calls: unknown[][] = [];
    constructor() {
      FakeRequest.all.push(this);
    }
    open(...args: unknown[]): void {
      this.calls.push(args);
    }
    setRequestHeader(...args: unknown[]): void {
      this.calls.push(args);
    }
    send(body: unknown): void {
      this.calls.push([body ?? null]);
    }
    abort(): void {
      this.aborted = true;
    }
    answer(status: number, text = ""): void {
      this.status = status;
      this.responseText = text;
      this.onloadend?.();
    }
  }
  const open = (options: Partial<ClientTransportOptions> = {}) => {
    FakeRequest.all = [];
    vi.stubGlobal("XMLHttpRequest", FakeRequest);
    const transport = new XHR(context(options));
    const heard = listen(transport);
    transport.open();
    return { transport, heard };
  };
  const OPEN = '0{"sid":"abc","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1000}';

  it("asks and posts with the program's headers, credentials and timeout", () => {
    const { transport, heard } = open({ extraHeaders: { "X-A": "1" }, withCredentials: true, requestTimeout: 50 });
    const [get] = FakeRequest.all;
    expect([get?.withCredentials, get?.timeout]).toEqual([true, 50]);
    expect(get?.calls).toEqual([
      ["GET", "https://host.example/socket.io/?EIO=4&transport=polling"],
      ["X-A", "1"],
      [null],
    ]);
    get?.answer(200, OPEN);
    expect(heard).toEqual(["open", OPEN]);
    transport.send([new Outgoing("4é")]);
    expect(FakeRequest.all[2]?.calls).toEqual([
      ["POST", "https://host.example/socket.io/?EIO=4&transport=polling&sid=abc"],
      ["Content-Type", "text/plain;charset=UTF-8"],
      ["X-A", "1"],
      ["4é"],
    ]);
  });

  it.each([0, 400, 502])("fails at status %d", (status) => {
    const { heard } = open();
    FakeRequest.all[0]?.answer(status);
    expect(heard).toEqual([["SESSION_TRANSPORT_ERROR", "xhr poll error"]]);
  });

  it("is aborted with its transport", () => {
    const { transport, heard } = open();
    transport.discard();
    expect(FakeRequest.all[0]?.aborted).toBe(true);
    FakeRequest.all[0]?.answer(200, OPEN);
    expect(heard).toEqual([]);
  });
});

describe("fetch", () => {
  const open = (answer: Promise<unknown>, options: Partial<ClientTransportOptions> = {}) => {
    const fake = vi.fn((_url: string, _init: RequestInit) => answer);
    vi.stubGlobal("fetch", fake);
    const transport = new Fetch(context(options));
    const heard = listen(transport);
    transport.open();
    return { transport, heard, fake };
  };

  it("asks without cookies to others, unless withCredentials", async () => {
    const { fake } = open(new Promise(() => {}));
    expect(fake.mock.calls[0]?.[1]).toMatchObject({ method: "GET", credentials: "omit", cache: "no-store" });
    const other = open(new Promise(() => {}), { withCredentials: true, extraHeaders: { a: "b" } });
    expect(other.fake.mock.calls[0]?.[1]).toMatchObject({ credentials: "include", headers: { a: "b" } });
  });

  it("fails at statuses and refusals", async () => {
    const { heard } = open(Promise.resolve({ status: 500 }));
    const refused = open(Promise.reject(new TypeError("network")));
    await microtasks();
    expect(heard).toEqual([["SESSION_TRANSPORT_ERROR", "fetch poll error"]]);
    expect(refused.heard).toEqual(heard);
  });

  it("hands over what comes, and leaves no timer behind", async () => {
    const { heard, transport } = open(Promise.resolve({ status: 200, text: () => Promise.resolve("6") }));
    await microtasks();
    expect(heard.slice(0, 2)).toEqual(["open", "6"]);
    transport.discard();
    expect(platform.timerCount).toBe(0);
  });

  it("fails after its timeout, and aborts the request", () => {
    const { heard, fake } = open(new Promise(() => {}), { requestTimeout: 50 });
    platform.advance(50);
    expect(heard).toEqual([["SESSION_TRANSPORT_ERROR", "fetch poll error"]]);
    expect(fake.mock.calls[0]?.[1].signal?.aborted).toBe(true);
  });
});

describe("the browser as a host", () => {
  it("gives bytes as an ArrayBuffer that holds nothing else", () => {
    const whole = new Uint8Array([1, 2, 3]);
    expect(browserHost.userBytes(whole)).toBe(whole.buffer);
    expect(browserHost.userBytes(whole.subarray(1))).toEqual(new Uint8Array([2, 3]).buffer);
  });

  it("reads Blobs only", () => {
    expect(browserHost.blobBytes?.({})).toBeUndefined();
  });

  it("tells of the network, of the page's cache and of its end until it is stopped", () => {
    const events = new EventTarget();
    vi.stubGlobal("self", events);
    vi.stubGlobal("addEventListener", events.addEventListener.bind(events));
    const told: unknown[] = [];
    const stop = browserHost.watch({
      onLost: (description) => told.push(description),
      onWake: (restored) => told.push(restored),
      onLeave: () => told.push("leave"),
      onHide: () => told.push("hide"),
    });
    const page = (type: string, persisted: boolean) =>
      events.dispatchEvent(Object.assign(new Event(type), { persisted }));
    events.dispatchEvent(new Event("offline"));
    events.dispatchEvent(new Event("online"));
    page("pagehide", false);
    page("pagehide", true);
    page("pageshow", true);
    events.dispatchEvent(new Event("beforeunload"));
    // A page that goes for good says so twice on most browsers: phones leave pages without `beforeunload`.
    expect(told).toEqual(["network connection lost", true, "hide", "leave", "hide", "page hidden", true, "leave"]);
    stop();
    events.dispatchEvent(new Event("offline"));
    expect(told.length).toBe(8);
  });
});

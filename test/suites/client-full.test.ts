// The client suite over the client of `vaiven.min.js`, with the parts of a page that it uses.

import { Server } from "socket.io";
import type { io as StockIo, Manager as StockManager } from "socket.io-client";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { io, Manager } from "../../src/entry/client-browser-full.js";
import { Server as OurServer } from "../../src/entry/server.js";
import { stubPage } from "../support/page.js";
import { client, connected, pair, stage } from "../support/scene.js";
import { once } from "../support/waiting.js";
import { describeClient } from "./client-behaviour.js";

beforeEach(stubPage);

const library = { io: io as unknown as typeof StockIo, Manager: Manager as unknown as typeof StockManager };
const code = (error: unknown): unknown => (error as { code?: unknown }).code;

describeClient("vaiven.min.js", {
  ...library,
  improved: false,
  isPage: true,
});

describe("vaiven.min.js", () => {
  it("sends Blobs over polling, and later events behind them", async () => {
    const scene = await stage({ Server });
    const { socket, peer } = await pair(scene, library, { transports: ["polling"] });
    const heard: unknown[] = [];
    socket.onAny((name: string, bytes?: Buffer) => heard.push(bytes ? [name, bytes.toString("hex")] : name));
    const after = once(socket, "after");
    peer.emit("blob", new Blob([Uint8Array.of(5, 255)]));
    peer.emit("empty", new Blob([]));
    peer.emit("after");
    await after;
    expect(heard).toEqual([["blob", "05ff"], ["empty", ""], "after"]);
  });

  it("finds the server that its options name", async () => {
    const scene = await stage({ Server });
    for (const options of [{ hostname: "127.0.0.1" }, { host: "127.0.0.1" }]) {
      const socket = io({ ...options, port: scene.port, forceNew: true, reconnection: false });
      onTestFinished(() => void socket.disconnect());
      await once(socket as never, "connect");
    }
    const manager = new Manager({ hostname: "127.0.0.1", port: scene.port, reconnection: false });
    onTestFinished(() => void manager.disconnect());
    await once(manager as never, "open");
  });

  it("says that it has no transport", async () => {
    const socket = client(library, "http://127.0.0.1:9", { transports: [] });
    expect((await once<[Error]>(socket, "connect_error"))[0].message).toBe("No transports available");
  });

  it("fails what the server would not take, and stays connected", async () => {
    const scene = await stage({ Server }, { maxHttpBufferSize: 1000 });
    const socket = await connected(library, scene.url, { transports: ["websocket"] });
    expect(code(await socket.emitWithAck("big", "x".repeat(5000)).catch((error: unknown) => error))).toBe(
      "PACKET_TOO_BIG",
    );
    const told = once<[Error]>(socket.io as never, "error");
    socket.emit("big", new Uint8Array(5000));
    expect(code((await told)[0])).toBe("PACKET_TOO_BIG");
    // Two bytes each: what is looked at closely is the packet, not its upper bound.
    socket.emit("small", "é".repeat(400));
    expect(socket.connected).toBe(true);
  });

  it("limits what waits, in events and in bytes", async () => {
    const socket = client(library, "http://127.0.0.1:9", {
      autoConnect: false,
      maxSendBuffer: 2,
      maxSendBufferBytes: 100,
    } as object);
    socket.emit("a");
    expect(() => socket.emit("b", "x".repeat(100))).toThrow(
      expect.objectContaining({ code: "SESSION_SEND_BUFFER_FULL" }),
    );
    socket.emit("c");
    await expect(socket.emitWithAck("d")).rejects.toMatchObject({ code: "SESSION_SEND_BUFFER_FULL" });
    expect(socket.sendBuffer.map(({ data }) => (data as string[])[0])).toEqual(["a", "c"]);
  });

  it("comes back at once with the network, and from the back/forward cache", async () => {
    const scene = await stage({ Server });
    const socket = await connected(library, scene.url, {
      reconnection: true,
      reconnectionDelay: 600_000,
      reconnectionDelayMax: 600_000,
    });
    for (const [leaves, returns] of [
      [new Event("offline"), new Event("online")],
      [
        Object.assign(new Event("pagehide"), { persisted: true }),
        Object.assign(new Event("pageshow"), { persisted: true }),
      ],
    ] as const) {
      const gone = once(socket, "disconnect");
      dispatchEvent(leaves);
      expect((await gone)[0]).toBe("transport close");
      const back = once(socket, "connect");
      dispatchEvent(returns);
      await back;
    }
  });

  it("tells what a server of ours has not confirmed when their session is lost", async () => {
    const ours = { Server: OurServer as unknown as typeof Server };
    const scene = await stage(ours, { connectionStateRecovery: {} });
    const socket = await connected(library, scene.url, {
      transports: ["websocket"],
      reconnection: true,
      reconnectionDelay: 1,
    });
    const seen = socket as unknown as { unconfirmed: unknown; lossReason: unknown };
    // Another server does not know the session.
    const other = await stage(ours, { connectionStateRecovery: {} });
    const gone = once(socket, "disconnect");
    socket.emit("sent", 1);
    (socket.io as unknown as { uri: string }).uri = other.url;
    socket.io.engine.close();
    await gone;
    await once(socket, "connect");
    expect([seen.lossReason, seen.unconfirmed, socket.recovered]).toEqual(["unknown session", [["sent", 1]], false]);
  });
});

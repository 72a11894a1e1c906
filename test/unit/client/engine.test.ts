import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";
import { type EngineOptions, engineOf } from "../../support/client-engine.js";
import { MemorySocket, Wire } from "../../support/memory-transport.js";

import { hostOf, message, Recorder } from "../session/session-stage.js";

describe("a client session", () => {
  function clientScene(options: Partial<EngineOptions> = {}) {
    const host = hostOf();
    const sockets: MemorySocket[] = [];
    const sink = new Recorder();
    const wire = new Wire();
    const session = engineOf(
      {
        transports: ["websocket", "polling"],
        upgrade: true,
        tryAllTransports: true,
        createTransport: () => {
          const socket = new MemorySocket(wire);
          sockets.push(socket);
          return socket;
        },
        ...options,
      },
      host.platform,
      host.flushQueue,
      sink,
    );
    session.open();
    return { ...host, session, sockets, sink, wire };
  }
  const OPEN = '0{"sid":"s","upgrades":[],"pingInterval":100,"pingTimeout":50,"maxPayload":10}';

  it("tries its transports one after the other, and says why when none is left", () => {
    const { sockets, sink } = clientScene();
    sockets[0]?.end(new VaivenError("SESSION_TRANSPORT_ERROR", "refused"));
    expect(sink.errors).toEqual([]);
    sockets[1]?.end(new VaivenError("HTTP_FORBIDDEN", "no"));
    expect(sink.errors).toEqual(["HTTP_FORBIDDEN"]);
    expect(sockets).toHaveLength(2);
  });

  it("stops at the first transport where that is asked for", () => {
    const { sockets, sink } = clientScene({ tryAllTransports: false });
    sockets[0]?.end(new VaivenError("SESSION_TRANSPORT_ERROR", "refused"));
    expect(sink.errors).toEqual(["SESSION_TRANSPORT_ERROR"]);
  });

  it.each(["0{}", "0<html>", '0{"sid":1,"pingInterval":1,"pingTimeout":1}', "4early"])(
    "does not take %s for an open packet",
    (packet) => {
      const { sockets, sink } = clientScene({ transports: ["websocket"] });
      sockets[0]?.sink.onText(packet);
      expect(sink.errors).toHaveLength(1);
      expect(sockets[0]?.ended).toBe(true);
    },
  );

  it("is closed for its owner as soon as the transport has everything, whether or not the server answers", () => {
    const { session, sockets, sink } = clientScene();
    const [socket] = sockets;
    if (socket === undefined) return expect.unreachable();
    socket.opened = true;
    socket.sink.onText(OPEN);
    session.sendPacket(message("last"));
    session.close();
    expect(socket.sent).toEqual([["4last"]]);
    expect(sink.closes).toEqual([["forced close", undefined]]);
  });

  it("tells a server that breaks the protocol so, instead of cutting the connection", () => {
    const { sockets, sink } = clientScene();
    sockets[0]?.sink.onText(OPEN);
    sockets[0]?.sink.onText("9");
    expect(sockets[0]?.closedWith?.[0]).toBe(1002);
    expect(sink.closes).toEqual([["transport error", "SESSION_UNEXPECTED_PACKET"]]);
  });

  it("answers pings, and ends when they stop", () => {
    const { sockets, sink, platform } = clientScene();
    const [socket] = sockets;
    if (socket === undefined) return expect.unreachable();
    socket.opened = true;
    socket.sink.onText(OPEN);
    platform.advance(140);
    socket.sink.onText("2");
    platform.settle();
    expect(socket.sent).toEqual([["3"]]);
    platform.advance(149);
    expect(sink.closes).toEqual([]);
    platform.advance(2);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it("notices after a sleep that the ping is overdue, before the late timer does", () => {
    const { session, sockets, sink, platform } = clientScene();
    sockets[0]?.sink.onText(OPEN);
    expect(session.hasPingExpired()).toBe(false);
    const now = platform.now();
    platform.now = () => now + 1000;
    expect(session.hasPingExpired()).toBe(true);
    expect(sink.closes).toEqual([]);
    platform.settle();
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });
});

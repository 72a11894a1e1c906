import { describe, expect, it } from "vitest";
import { Outgoing } from "../../../src/packet/outgoing.js";

import { message, serverScene } from "./session-stage.js";

describe("a server session", () => {
  it("begins with the open packet, and what is sent in the same turn leaves in the same write", () => {
    const { session, socket, platform } = serverScene();
    session.open({ vaiven: { v: 1, caps: [] } }, message("initial"));
    session.send(message("a"));
    platform.settle();
    expect(socket.sent).toEqual([
      [
        '0{"sid":"id","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000,"vaiven":{"v":1,"caps":[]}}',
        "4initial",
        "4a",
      ],
    ]);
  });

  it("collects what handlers send while a chunk is read and writes it when the read ends, without waiting for the turn", () => {
    const { session, socket, flushQueue, platform } = serverScene();
    session.open();
    platform.settle();
    flushQueue.enter();
    session.send(message("a"));
    session.send(message("b"));
    expect(socket.sent).toHaveLength(1);
    flushQueue.leave();
    expect(socket.sent[1]).toEqual(["4a", "4b"]);
  });

  it("is writable for one packet a turn: the rule of volatile packets", () => {
    const { session, platform } = serverScene();
    session.open();
    expect(session.writable).toBe(false);
    platform.settle();
    expect(session.writable).toBe(true);
    session.send(message("a"));
    expect(session.writable).toBe(false);
    platform.settle();
    expect(session.writable).toBe(true);
  });

  it("pings after each interval and closes when nothing at all comes back in time", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.advance(25_300);
    expect(socket.sent[1]).toEqual(["2"]);
    socket.sink.onText("3");
    platform.advance(25_300);
    expect(socket.sent[2]).toEqual(["2"]);
    platform.advance(19_900);
    expect(sink.closes).toEqual([]);
    platform.advance(400);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
    expect(socket.ended).toBe(true);
    expect(platform.timerCount).toBe(0);
  });

  it("takes a peer that is busy sending for alive although its pong is late", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.advance(26_000);
    socket.sink.onText("4still uploading");
    platform.advance(20_000);
    expect(sink.closes).toEqual([]);
    platform.advance(26_000 + 20_000);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it("waits for the client's pings in protocol 3, and answers them with their data", () => {
    const { session, socket, platform, sink } = serverScene({}, 3);
    session.open();
    platform.settle();
    platform.advance(40_000);
    socket.sink.onText("2probe?");
    platform.settle();
    expect(socket.sent[1]).toEqual(["3probe?"]);
    platform.advance(40_000);
    expect(sink.closes).toEqual([]);
    platform.advance(6000);
    expect(sink.closes).toEqual([["ping timeout", "SESSION_PING_TIMEOUT"]]);
  });

  it.each([
    ["9", "parse error", "PACKET_UNKNOWN_TYPE"],
    ["", "parse error", "PACKET_UNKNOWN_TYPE"],
    ["0{}", "transport error", "SESSION_UNEXPECTED_PACKET"],
    ["2", "transport error", "SESSION_UNEXPECTED_PACKET"],
    ["5", "transport error", "SESSION_UNEXPECTED_PACKET"],
  ])("closes on the packet %j as %s with %s", (packet, reason, code) => {
    const { session, socket, sink } = serverScene();
    session.open();
    socket.sink.onText(packet);
    expect(sink.closes).toEqual([[reason, code]]);
    expect(socket.closedWith).toEqual([1002, code]);
    socket.sink.onText("4late");
    expect(sink.messages).toEqual([]);
  });

  it("closes a client that takes too little, after the call that was too much, and counts to the byte", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.settle();
    socket.stalled = true;
    session.send(message("x".repeat(499)));
    expect(session.bufferedAmount).toBe(500);
    session.send(message("x".repeat(499)));
    platform.settle();
    expect(session.bufferedAmount).toBe(1000);
    expect(sink.closes).toEqual([]);
    session.send(message(""));
    expect(sink.closes).toEqual([]);
    platform.settle();
    expect(sink.closes).toEqual([["transport error", "SESSION_BUFFER_FULL"]]);
    expect(session.bufferedAmount).toBe(0);
  });

  it("tells when a stalled client has taken everything", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.settle();
    const before = sink.drains;
    socket.stalled = true;
    session.send(message("a"));
    platform.settle();
    expect(sink.drains).toBe(before);
    socket.release();
    platform.settle();
    expect(sink.drains).toBe(before + 1);
    expect(socket.sent.at(-1)).toEqual(["4a"]);
  });

  it("flushes before it closes, and delivers nothing afterwards", () => {
    const { session, socket, wire, sink } = serverScene();
    session.open();
    for (let i = 0; i < 100; i++) session.send(message(String(i)));
    session.close();
    expect(socket.sent.flat()).toHaveLength(101);
    expect(socket.closedWith?.[0]).toBe(1000);
    socket.sink.onText("4too late");
    session.send(message("too late"));
    while (wire.step());
    expect(sink.closes).toEqual([["forced close", undefined]]);
    expect(sink.messages).toEqual([]);
  });

  it("may be closed by who hears of the flush: what is flushed leaves first, and once", () => {
    const { session, socket, platform, sink } = serverScene();
    session.open();
    platform.settle();
    let flushes = 0;
    session.observer = {
      onFlush: () => {
        flushes++;
        session.close();
      },
    };
    session.send(message("a"));
    platform.settle();
    expect(socket.sent.slice(1)).toEqual([["4a"]]);
    expect(socket.closedWith).toEqual([1000, undefined]);
    expect(flushes).toBe(1);
    expect(sink.closes).toEqual([["forced close", undefined]]);
  });

  it("waits with its close for a stalled client, but not for ever", () => {
    const patient = serverScene();
    patient.session.open();
    patient.platform.settle();
    patient.socket.stalled = true;
    patient.session.send(message("a"));
    patient.session.close();
    expect(patient.socket.closedWith).toBeUndefined();
    patient.socket.release();
    expect(patient.socket.sent.at(-1)).toEqual(["4a"]);
    expect(patient.socket.closedWith?.[0]).toBe(1000);

    const hopeless = serverScene();
    hopeless.session.open();
    hopeless.platform.settle();
    hopeless.socket.stalled = true;
    hopeless.session.send(message("a"));
    hopeless.session.close();
    hopeless.platform.advance(21_000);
    expect(hopeless.sink.closes).toEqual([["forced close", "SESSION_PING_TIMEOUT"]]);
  });

  it("is closed for its owner as soon as the transport has everything, whether or not the peer answers", () => {
    const { session, socket, sink } = serverScene();
    session.open();
    session.close();
    expect(socket.closedWith?.[0]).toBe(1000);
    expect(sink.closes).toEqual([["forced close", undefined]]);
  });

  it("ends in an orderly way when the client sends a close packet", () => {
    const { session, socket, sink } = serverScene();
    session.open();
    socket.sink.onText("1");
    expect(sink.closes).toEqual([["transport close", undefined]]);
    expect(socket.closedWith?.[0]).toBe(1000);
    socket.sink.onText("4late");
    expect(sink.messages).toEqual([]);
  });

  it("reports packets to an observer that asks for them", () => {
    const { session, socket } = serverScene();
    const seen: string[] = [];
    session.observer = {
      onPacket: (type, data) => seen.push(`in ${type} ${data}`),
      onPacketCreate: (type, data) => seen.push(`out ${type} ${data}`),
      onFlush: (batch) => seen.push(`flush ${batch.length}`),
      onDrain: () => seen.push("drain"),
    };
    session.open();
    session.send(new Outgoing("4a", [Uint8Array.of(1)]));
    session.flush();
    socket.sink.onText("4b");
    expect(seen.slice(1)).toEqual(["out message a", "out message 1", "flush 2", "drain", "in message b"]);
  });
});

import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { PacketParser } from "../../../src/packet/parser.js";
import { PacketType, type SocketPacket } from "../../../src/packet/socket-packet.js";
import { memoryServer } from "./fake-connection.js";

/** Packets as JSON behind an exclamation mark; a text with several lines holds several. */
const parser: PacketParser = {
  Encoder: class {
    encode(packet: SocketPacket): string[] {
      return [`!${JSON.stringify(packet)}`];
    }
  },
  Decoder: class extends EventEmitter {
    add(message: string | Uint8Array): void {
      if (typeof message !== "string" || !message.startsWith("!")) throw new Error("not mine");
      for (const line of message.slice(1).split("\n")) this.emit("decoded", JSON.parse(line));
    }
    destroy(): void {}
  },
};

describe("a parser of the program", () => {
  it("reads and writes everything", () => {
    const { io, connect } = memoryServer({ parser });
    const seen: unknown[] = [];
    io.on("connection", (socket) => {
      socket.on("e", (n, ack) => {
        seen.push(n);
        ack("ok");
      });
      socket.emit("hello", 1);
    });
    const connection = connect();
    connection.receive(`!${JSON.stringify({ type: PacketType.CONNECT, nsp: "/", data: { token: 1 } })}`);
    const event = (n: number): string =>
      JSON.stringify({ type: PacketType.BINARY_EVENT, nsp: "/", data: ["e", n], id: n });
    connection.receive(`!${event(1)}\n${event(2)}`);
    expect(seen).toEqual([1, 2]);
    expect(connection.take().map((text) => JSON.parse(text.slice(1)))).toEqual([
      { type: 0, nsp: "/", data: { sid: "id-0" } },
      { type: 2, nsp: "/", data: ["hello", 1] },
      { type: 3, nsp: "/", data: ["ok"], id: 1 },
      { type: 3, nsp: "/", data: ["ok"], id: 2 },
    ]);
  });

  it("is told of the end of each connection, once", () => {
    const destroyed: string[] = [];
    class Decoder extends parser.Decoder {
      override destroy(): void {
        destroyed.push("destroyed");
      }
    }
    const { connect } = memoryServer({ parser: { Encoder: parser.Encoder, Decoder } });
    const connection = connect();
    connect();
    expect(destroyed).toEqual([]);
    connection.end("transport close");
    connection.end("transport close");
    expect(destroyed).toEqual(["destroyed"]);
  });

  it("that fails to let go is reported, and the connection ends all the same", () => {
    class Decoder extends parser.Decoder {
      override destroy(): void {
        throw new Error("no");
      }
    }
    const { io, connect, errors } = memoryServer({ parser: { Encoder: parser.Encoder, Decoder } });
    const connection = connect();
    connection.receive(`!${JSON.stringify({ type: PacketType.CONNECT, nsp: "/" })}`);
    connection.end("transport close");
    expect(errors).toEqual([{ code: "HANDLER_FAILED", event: "parser", cause: new Error("no") }]);
    expect(io.sockets.sockets.size).toBe(0);
  });

  it("that refuses a message closes that connection", () => {
    const { connect } = memoryServer({ parser });
    const connection = connect();
    connection.receive("0");
    expect(connection.closed).toBe("flushed");
  });
});

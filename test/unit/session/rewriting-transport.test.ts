import { describe, expect, it } from "vitest";
import type { VaivenError } from "../../../src/errors.js";
import { PROTOCOL_3_MESSAGES } from "../../../src/packet/message-form.js";
import { Outgoing } from "../../../src/packet/outgoing.js";
import { RewritingTransport } from "../../../src/session/rewriting-transport.js";
import { MemorySocket, Wire } from "../../support/memory-transport.js";

function stage() {
  const inner = new MemorySocket(new Wire());
  inner.opened = true;
  const transport = new RewritingTransport(inner, PROTOCOL_3_MESSAGES);
  const heard: unknown[] = [];
  transport.sink = {
    onText: (text) => heard.push(text),
    onBinary: (bytes) => heard.push(Buffer.from(bytes).toString("hex")),
    onWritable: () => heard.push("writable"),
    onClose: (error: VaivenError | undefined) => heard.push(error?.code ?? "closed"),
  };
  return { inner, transport, heard };
}

describe("a transport that rewrites", () => {
  it("passes text through, and bytes in their other form, both ways", () => {
    const { inner, transport, heard } = stage();
    transport.send([new Outgoing("42[1]"), new Outgoing("451-[0]", [Uint8Array.of(1)])]);
    expect(inner.sent).toEqual([["42[1]", "451-[0]", Uint8Array.of(4, 1)]]);
    inner.sink.onText("42[2]");
    inner.sink.onBinary(Uint8Array.of(4, 9));
    inner.sink.onText("b4CQ==");
    inner.sink.onWritable();
    expect(heard).toEqual(["42[2]", "09", "09", "writable"]);
    expect([transport.name, transport.writable, transport.bufferedAmount]).toEqual(["websocket", true, 0]);
  });

  it("ends with what cannot be read, and tells the peer", () => {
    const { inner, transport, heard } = stage();
    inner.sink.onBinary(Uint8Array.of(9, 9));
    inner.sink.onText("42[2]");
    inner.sink.onClose(undefined);
    expect(heard).toEqual(["PACKET_UNKNOWN_TYPE"]);
    expect(inner.closedWith).toEqual([1002, "PACKET_UNKNOWN_TYPE"]);
    expect(transport.writable).toBe(false);
    transport.send([new Outgoing("42[1]")]);
    expect(inner.sent).toEqual([]);
  });

  it("tells nothing once it is discarded", () => {
    const { inner, transport, heard } = stage();
    transport.discard();
    expect(inner.ended).toBe(true);
    inner.sink.onText("42[2]");
    inner.sink.onClose(undefined);
    expect(heard).toEqual([]);
  });

  it("tells of the end of what it stands on", () => {
    const { inner, heard } = stage();
    inner.end(undefined);
    expect(heard).toEqual(["closed"]);
  });

  it("tells nobody where no session took it", () => {
    for (const say of [
      ({ sink }: MemorySocket) => sink.onText("2probe"),
      ({ sink }: MemorySocket) => sink.onText("b4CQ=="),
      ({ sink }: MemorySocket) => sink.onBinary(Uint8Array.of(4, 9)),
      ({ sink }: MemorySocket) => sink.onBinary(Uint8Array.of(9, 9)),
      ({ sink }: MemorySocket) => sink.onWritable(),
      ({ sink }: MemorySocket) => sink.onClose(undefined),
    ]) {
      const inner = new MemorySocket(new Wire());
      inner.opened = true;
      new RewritingTransport(inner, PROTOCOL_3_MESSAGES).close(1000);
      expect(() => say(inner)).not.toThrow();
    }
  });
});

import { describe, expect, it } from "vitest";
import { closeOf, frameHex, fromHex, Recorded, toHex } from "./recorder.js";

const text = (value: string): string => frameHex(0x81, value, true);
const CLOSE_1000 = frameHex(0x88, Buffer.from("03e8", "hex"), true);

describe("section 5.5.2 and 5.5.3, ping and pong", () => {
  it("answers each ping with its payload, in order", () => {
    const recorded = new Recorded();
    for (let index = 0; index < 10; index++) recorded.receive(frameHex(0x89, `p${index}`, true));
    recorded.receive(Array.from({ length: 10 }, (_, index) => frameHex(0x89, `q${index}`, true)).join(""));
    const payloads = recorded.frames.map((frame) => Buffer.from(frame, "hex").subarray(2).toString());
    expect(payloads).toEqual(
      [..."0123456789"].map((digit) => `p${digit}`).concat([..."0123456789"].map((digit) => `q${digit}`)),
    );
    expect(recorded.frames[0]).toBe("8a027030");
  });

  it("answers only the last of a flood of pings in one chunk", () => {
    const recorded = new Recorded();
    recorded.receive(Array.from({ length: 5000 }, (_, index) => frameHex(0x89, `p${index}`, true)).join(""));
    expect(recorded.frames).toHaveLength(1025);
    expect(Buffer.from(recorded.frames[1024]!, "hex").subarray(2).toString()).toBe("p4999");
  });

  it("keeps one pong, the latest, while the peer does not take what is written", () => {
    const recorded = new Recorded();
    recorded.isCongested = true;
    recorded.receive(frameHex(0x89, "a", true)).receive(frameHex(0x89, "b", true));
    expect(recorded.frames).toEqual([]);
    recorded.isCongested = false;
    recorded.connection.drained();
    recorded.connection.drained();
    expect(recorded.frames).toEqual(["8a0162"]);
  });

  it("accepts a pong that nobody asked for", () => {
    const recorded = new Recorded();
    recorded.receive(frameHex(0x8a, "x", true));
    expect(recorded.events).toEqual(["pong 78"]);
    expect(recorded.frames).toEqual([]);
  });

  it("sends pings and pongs of up to 125 bytes and refuses larger ones", () => {
    const recorded = new Recorded();
    recorded.connection.ping(new Uint8Array(125));
    recorded.connection.pong();
    expect(recorded.frames).toEqual([`897d${"00".repeat(125)}`, "8a00"]);
    expect(() => recorded.connection.ping(new Uint8Array(126))).toThrow(
      expect.objectContaining({ code: "API_INVALID_ARGUMENT" }),
    );
  });
});

describe("section 7, closing", () => {
  it("echoes the peer's code, ends the transport and is clean", () => {
    const recorded = new Recorded();
    recorded.receive(frameHex(0x88, Buffer.concat([Buffer.from("0bb8", "hex"), Buffer.from("adiós")]), true));
    expect(recorded.frames).toEqual(["88020bb8"]);
    expect(recorded.events).toEqual(['close 3000 "adiós" clean']);
    expect(recorded.ended).toBe(1);
    expect(recorded.connection.state).toBe("closed");
  });

  it("echoes a close without code without one", () => {
    const recorded = new Recorded();
    recorded.receive(frameHex(0x88, "", true));
    expect(recorded.frames).toEqual(["8800"]);
    expect(recorded.events).toEqual(['close 1005 "" clean']);
  });

  it("waits in closing for the peer's close after its own", () => {
    const recorded = new Recorded();
    recorded.connection.close(1001, "back soon");
    expect(recorded.frames.map(closeOf)).toEqual([{ code: 1001, reason: "back soon" }]);
    expect(recorded.connection.state).toBe("closing");
    expect(recorded.ended).toBe(0);
    recorded.receive(frameHex(0x88, Buffer.from("03e9", "hex"), true));
    expect(recorded.events).toEqual(['close 1001 "" clean']);
    expect(recorded.frames).toHaveLength(1);
    expect(recorded.ended).toBe(1);
  });

  it("delivers and sends no message after close(), and still finds the peer's close", () => {
    const recorded = new Recorded();
    recorded.connection.close();
    expect(recorded.connection.sendText("late")).toBe(false);
    expect(recorded.connection.sendBinary(new Uint8Array(1))).toBe(false);
    expect(recorded.connection.sendFrame(new Uint8Array(2))).toBe(false);
    recorded.receive(
      text("late"),
      frameHex(0x82, "late", true),
      frameHex(0x01, "l", true),
      frameHex(0x80, "ate", true),
      CLOSE_1000,
    );
    expect(recorded.events).toEqual(['close 1000 "" clean']);
    expect(recorded.frames).toEqual(["8800"]);
  });

  it("closes once, whatever is called afterwards", () => {
    const recorded = new Recorded();
    recorded.receive(CLOSE_1000);
    recorded.connection.close(1000);
    recorded.connection.ping();
    recorded.connection.transportClosed();
    recorded.connection.terminate();
    recorded.receive(text("a"));
    expect(recorded.events).toEqual(['close 1000 "" clean']);
    expect(recorded.frames).toEqual(["880203e8"]);
  });

  it("reports 1006 when the transport ends without a close frame", () => {
    const recorded = new Recorded();
    recorded.receive(frameHex(0x01, "half", true));
    recorded.connection.transportClosed();
    expect(recorded.events).toEqual(['close 1006 "" unclean']);
  });

  it("reports 1006 when the transport ends while the peer's close is awaited", () => {
    const recorded = new Recorded();
    recorded.connection.close(1000);
    recorded.connection.transportClosed();
    expect(recorded.events).toEqual(['close 1006 "" unclean']);
  });

  it("tells the peer code and reason of a violation, then ends and delivers nothing more", () => {
    const recorded = new Recorded();
    recorded.receive(text("before"), frameHex(0x83, "", true), text("after"));
    expect(recorded.events).toEqual(["text before", "error FRAME_RESERVED_OPCODE", 'close 1002 "" unclean']);
    expect(recorded.frames.map(closeOf)).toEqual([
      { code: 1002, reason: "expected opcode 0, 1, 2, 8, 9 or 10, got 3" },
    ]);
    expect(recorded.ended).toBe(1);
  });

  it("sends no second close frame when the peer breaks a rule after ours", () => {
    const recorded = new Recorded();
    recorded.connection.close(1000);
    recorded.receive("8300");
    expect(recorded.frames).toEqual(["880203e8"]);
    expect(recorded.ended).toBe(1);
  });

  it("refuses codes that must not be sent, and changes nothing then", () => {
    const recorded = new Recorded();
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_536, 1000.5, Number.NaN]) {
      expect(() => recorded.connection.close(code)).toThrow(expect.objectContaining({ code: "API_INVALID_ARGUMENT" }));
    }
    expect(recorded.connection.state).toBe("open");
    expect(recorded.frames).toEqual([]);
  });

  it("cuts a reason to 123 bytes between two characters", () => {
    for (const reason of ["ñ".repeat(100), "€".repeat(60), "😀".repeat(40), `x${"😀".repeat(40)}`]) {
      const recorded = new Recorded();
      recorded.connection.close(1000, reason);
      const sent = closeOf(recorded.frames[0]!).reason;
      expect(reason.startsWith(sent)).toBe(true);
      expect(Buffer.byteLength(sent)).toBeGreaterThan(119);
      expect(Buffer.byteLength(sent)).toBeLessThanOrEqual(123);
      expect(sent).not.toContain("\ufffd");
    }
  });
});

describe("re-entry", () => {
  it("delivers nothing of the chunk after terminate()", () => {
    const recorded: Recorded = new Recorded({ onEvent: () => recorded.connection.terminate() });
    recorded.receive(text("a"), text("b"), CLOSE_1000);
    expect(recorded.events).toEqual(["text a"]);
    expect(recorded.frames).toEqual([]);
    expect(recorded.ended).toBe(0);
  });

  it("delivers no message of the chunk after close(), but its close frame", () => {
    const recorded: Recorded = new Recorded({
      onEvent: (event) => event === "text a" && recorded.connection.close(1000),
    });
    recorded.receive(text("a"), text("b"), CLOSE_1000);
    expect(recorded.events).toEqual(["text a", 'close 1000 "" clean']);
  });

  it("delivers in order what is received while a message is being delivered", () => {
    const recorded: Recorded = new Recorded({
      onEvent: (event) => {
        if (event === "text a") {
          recorded.receive(text("c"));
          recorded.events.push("end of a");
        }
      },
    });
    recorded.receive(text("a"), text("b"));
    expect(recorded.events).toEqual(["text a", "end of a", "text b", "text c"]);
  });

  it("reports the end of the transport after the chunk, when it is told of it meanwhile", () => {
    const recorded: Recorded = new Recorded({
      onEvent: (event) => event === "text a" && recorded.connection.transportClosed(),
    });
    recorded.receive(text("a"), text("b"));
    expect(recorded.events).toEqual(["text a", "text b", 'close 1006 "" unclean']);
  });

  it("stays sound when the sink throws: the rest is delivered, then the first error is thrown", () => {
    const recorded: Recorded = new Recorded({
      onEvent: (event) => {
        throw new Error(event);
      },
    });
    const chunk = [
      text("a"),
      text("b"),
      frameHex(0x01, "c", true),
      frameHex(0x80, "d", true),
      frameHex(0x89, "", true),
    ].join("");
    expect(() => recorded.receive(chunk)).toThrow("text a");
    expect(recorded.events).toEqual(["text a", "text b", "text cd", "ping "]);
    expect(() => recorded.receive(text("e"))).toThrow("text e");
    const cut = text("fgh");
    recorded.receive(cut.slice(0, 6));
    expect(() => recorded.receive(cut.slice(6), text("i"))).toThrow("text fgh");
    expect(recorded.events.slice(5)).toEqual(["text fgh", "text i"]);
  });

  it("closes although onError throws", () => {
    const recorded: Recorded = new Recorded({
      onEvent: (event) => {
        if (event.startsWith("error")) throw new Error("from the sink");
      },
    });
    expect(() => recorded.receive("8300")).toThrow("from the sink");
    expect(recorded.events).toEqual(["error FRAME_RESERVED_OPCODE", 'close 1002 "" unclean']);
  });
});

describe("sending", () => {
  it("writes unmasked frames as a server and masked ones as a client (section 5.1)", () => {
    const server = new Recorded();
    server.connection.sendText("Hello");
    server.connection.sendBinary(new Uint8Array([1, 2]));
    expect(server.frames).toEqual(["810548656c6c6f", "82020102"]);
    const client = new Recorded({ role: "client" });
    client.connection.sendText("Hello");
    client.connection.sendBinary(new Uint8Array([1, 2]));
    client.connection.ping();
    client.connection.close(1000);
    for (const frame of client.frames) {
      expect(Number.parseInt(frame.slice(2, 4), 16) & 0x80).toBe(0x80);
      server.connection.receive(fromHex(frame));
    }
    expect(server.events).toEqual(["text Hello", "binary 0102", "ping ", 'close 1000 "" clean']);
  });

  it("shares frames among servers' connections only", () => {
    const server = new Recorded();
    expect(server.connection.sharedForm).toBe("plain");
    expect(toHex(server.connection.sharedFrameOf("Hello")!)).toBe("810548656c6c6f");
    expect(toHex(server.connection.sharedFrameOf(new Uint8Array([9]))!)).toBe("820109");
    const client = new Recorded({ role: "client" });
    expect(client.connection.sharedForm).toBeUndefined();
    expect(client.connection.sharedFrameOf("Hello")).toBeUndefined();
  });
});

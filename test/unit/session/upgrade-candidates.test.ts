import { describe, expect, it } from "vitest";
import type { Engine } from "../../../src/client/engine.js";
import { VaivenError } from "../../../src/errors.js";
import { FlushQueue } from "../../../src/session/flush-queue.js";
import type { ClientTransport, TransportName, TransportSink } from "../../../src/session/transport.js";
import { engineOf } from "../../support/client-engine.js";
import { FakePlatform } from "../../support/fake-platform.js";

class Scripted implements ClientTransport {
  readonly name: TransportName;
  sink!: TransportSink;
  writable = true;
  bufferedAmount = 0;
  discarded = false;

  constructor(name: TransportName) {
    this.name = name;
  }
  open(): void {}
  send(): void {}
  pause(done: () => void): void {
    done();
  }
  close(): void {}
  discard(): void {
    this.discarded = true;
  }
}

function polling(
  transports: TransportName[],
  upgrades: TransportName[],
  prepare: (session: Engine) => void = () => {},
) {
  const platform = new FakePlatform();
  const made: Scripted[] = [];
  const createTransport = (name: TransportName): ClientTransport => {
    const transport = new Scripted(name);
    made.push(transport);
    return transport;
  };
  const session = engineOf(
    { transports, upgrade: true, tryAllTransports: false, createTransport },
    platform,
    new FlushQueue(platform.soon),
    { _onOpen() {}, _onMessage() {}, _onBinary() {}, _onPing() {}, _onEnd() {} },
  );
  prepare(session);
  session.open();
  made[0]?.sink.onText(
    `0${JSON.stringify({ sid: "s", upgrades, pingInterval: 100, pingTimeout: 50, maxPayload: 10 })}`,
  );
  return { session, made, names: () => made.map(({ name }) => name) };
}

const ALL: TransportName[] = ["polling", "websocket", "webtransport"];
const refused = new VaivenError("SESSION_TRANSPORT_ERROR", "refused");

describe("a client that may go over to several transports", () => {
  it("tries WebTransport first, and WebSocket when that fails", () => {
    const { session, made, names } = polling(ALL, ["websocket", "webtransport"]);
    expect(names()).toEqual(["polling", "webtransport"]);
    made[1]?.sink.onClose(refused);
    expect(names()).toEqual(["polling", "webtransport", "websocket"]);
    made[2]?.sink.onOpen?.();
    made[2]?.sink.onText("3probe");
    expect(session.transport).toBe(made[2]);
  });

  it("stays where it is when all have failed", () => {
    const { session, made, names } = polling(ALL, ["websocket", "webtransport"]);
    made[1]?.sink.onText("nonsense");
    made[2]?.sink.onClose(undefined);
    expect(names()).toEqual(["polling", "webtransport", "websocket"]);
    expect([session.readyState, session.transport]).toEqual(["open", made[0]]);
  });

  it("tries what both ends have", () => {
    expect(polling(["polling", "websocket"], ["websocket", "webtransport"]).names()).toEqual(["polling", "websocket"]);
    expect(polling(ALL, ["websocket"]).names()).toEqual(["polling", "websocket"]);
    expect(polling(["polling", "webtransport"], ["websocket"]).names()).toEqual(["polling"]);
  });

  it("keeps no candidate where a listener of its beginning has closed the session", () => {
    for (const chosen of [0, 1]) {
      const { made } = polling(ALL, ["websocket", "webtransport"], (session) => {
        let begun = 0;
        session.on("upgrading", () => begun++ === chosen && session.close());
      });
      made[1]?.sink.onClose(refused);
      expect(made.length).toBe(chosen + 2);
      expect(made[chosen + 1]?.discarded).toBe(true);
    }
  });

  it("tries nothing more once it is closing", () => {
    const { session, made, names } = polling(ALL, ["websocket", "webtransport"]);
    session.close();
    expect(made[1]?.discarded).toBe(true);
    made[1]?.sink.onClose(refused);
    expect(names()).toEqual(["polling", "webtransport"]);
  });
});

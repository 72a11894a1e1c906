// session/: a server's and a client's session over the same wires, upgrades above all.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VaivenError } from "../../../src/errors.js";

import { message, pair, runDry, type Scene } from "./session-stage.js";

describe("two sessions", () => {
  it("open over polling, upgrade, and tell each other what the open packet says", () => {
    const scene = pair();
    runDry(scene);
    expect(scene.clientSink.opened?.sid).toBe("id");
    expect(scene.clientSink.opened?.vaiven).toEqual({ v: 1, caps: [] });
    expect(scene.client.transport?.name).toBe("websocket");
    expect(scene.server.transport.name).toBe("websocket");
    expect(scene.server.upgrading).toBe(false);
    expect(scene.platform.timerCount).toBe(2);
  });

  it("lose, double and reorder nothing while an upgrade happens, whatever the network delivers first", () => {
    const step = fc.constantFrom<"get" | "post" | "up" | "down" | "client sends" | "server sends" | "settle">(
      "get",
      "post",
      "up",
      "down",
      "client sends",
      "server sends",
      "settle",
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const scene = pair();
        const sent = { client: [] as string[], server: [] as string[] };
        for (const action of steps) {
          if (action === "settle") scene.platform.settle();
          else if (action === "server sends") {
            scene.server.send(message(`s${sent.server.length}`));
            sent.server.push(`s${sent.server.length}`);
          } else if (action === "client sends") {
            if (scene.client.readyState !== "open") continue;
            scene.client.sendPacket(message(`c${sent.client.length}`));
            sent.client.push(`c${sent.client.length}`);
          } else scene.wires[action].step();
          expect(scene.serverSink.messages).toEqual(sent.client.slice(0, scene.serverSink.messages.length));
          expect(scene.clientSink.messages).toEqual(sent.server.slice(0, scene.clientSink.messages.length));
        }
        runDry(scene);
        expect(scene.serverSink.messages).toEqual(sent.client);
        expect(scene.clientSink.messages).toEqual(sent.server);
        expect(scene.client.transport?.name).toBe("websocket");
        expect([...scene.clientSink.closes, ...scene.serverSink.closes]).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["5", "an upgrade that was not probed"],
    ["2", "a probe without its name"],
    ["4early", "a message before the probe"],
  ])("stay with polling where the candidate begins with %j: %s", (packet) => {
    const scene = pair({}, (server, end) => {
      expect(server.offerUpgrade(end)).toBe(true);
      end.sink.onText(packet);
    });
    runDry(scene);
    expect(scene.server.transport.name).toBe("polling");
    expect(scene.server.upgrading).toBe(false);
    expect(scene.serverSink.messages).toEqual([]);
  });

  it("go over soon where the client polls again before it has the answer to its probe, and it is not released in a tight loop", () => {
    const scene = pair();
    const step = (...names: (keyof Scene["wires"])[]): void => {
      for (const name of names) {
        scene.wires[name].step();
        scene.platform.settle();
      }
    };
    for (let i = 0; i < 50 && !scene.server.upgrading; i++) step("get", "up");
    for (let i = 0; i < 50 && scene.wires.down.length === 0; i++) step("up");
    const polls = (ms: number): number => {
      let count = 0;
      for (let i = 0; i < ms; i++) {
        scene.platform.advance(1);
        if (scene.wires.get.length > 0) count++;
        step("get");
      }
      return count;
    };
    expect(polls(1000)).toBeLessThan(40);
    expect(scene.client.transport?.name).toBe("polling");
    step("down");
    scene.platform.advance(110);
    runDry(scene, 10);
    expect(scene.client.transport?.name).toBe("websocket");
  });

  it("go over as soon as the poll that the client waits for is released, which is a moment after the answer to its probe", () => {
    const scene = pair();
    for (let i = 0; i < 50 && scene.wires.down.length === 0; i++) {
      scene.wires.get.step();
      scene.wires.up.step();
      scene.platform.settle();
    }
    for (let i = 0; i < 3; i++) {
      scene.wires.get.step();
      scene.platform.settle();
    }
    scene.wires.down.step();
    expect(scene.client.transport?.name).toBe("polling");
    scene.platform.advance(20);
    runDry(scene, 10);
    expect(scene.client.transport?.name).toBe("websocket");
  });

  it("go on over polling when the upgrade is refused", () => {
    const scene = pair({}, (_, end) => end.discard());
    runDry(scene);
    scene.client.sendPacket(message("a"));
    scene.server.send(message("b"));
    runDry(scene);
    expect(scene.serverSink.messages).toEqual(["a"]);
    expect(scene.clientSink.messages).toEqual(["b"]);
    expect(scene.client.transport?.name).toBe("polling");
  });

  it("go on over polling when the probe is never answered, and the server gives the candidate up in time", () => {
    const scene = pair();
    for (let i = 0; i < 20; i++) {
      scene.wires.get.step();
      scene.platform.settle();
    }
    expect(scene.server.upgrading).toBe(true);
    scene.platform.advance(11_000);
    expect(scene.server.upgrading).toBe(false);
    expect(scene.sockets.server?.ended).toBe(true);
    scene.server.send(message("b"));
    runDry(scene);
    expect(scene.clientSink.messages).toEqual(["b"]);
    expect(scene.client.transport?.name).toBe("polling");
  });

  it("end when the new transport dies between the pause of the old one and the switch, so that a reconnection can help", () => {
    const scene = pair();
    for (let i = 0; i < 50 && scene.wires.down.length === 0; i++) {
      scene.wires.get.step();
      scene.wires.up.step();
      scene.platform.settle();
    }
    const told: unknown[] = [];
    scene.client.on("error", (error) => told.push(error));
    scene.wires.down.step();
    const cause = new VaivenError("SESSION_TRANSPORT_ERROR", "reset");
    scene.sockets.client?.end(cause);
    expect(scene.clientSink.closes).toEqual([["transport error", "SESSION_TRANSPORT_ERROR"]]);
    expect(told).toMatchObject([{ type: "TransportError", description: cause }]);
  });

  it("end both when the client closes, after what it sent", () => {
    const scene = pair();
    runDry(scene);
    scene.client.sendPacket(message("last"));
    scene.client.close();
    runDry(scene);
    expect(scene.serverSink.messages).toEqual(["last"]);
    expect(scene.clientSink.closes).toEqual([["forced close", undefined]]);
    expect(scene.serverSink.closes).toEqual([["transport close", undefined]]);
    expect(scene.platform.timerCount).toBe(0);
  });

  it("deliver what was sent before a close in the middle of an upgrade", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom<keyof Scene["wires"]>("get", "post", "up", "down"), { maxLength: 40 }),
        (steps) => {
          const scene = pair();
          for (const wire of steps) {
            scene.wires[wire].step();
            scene.platform.settle();
          }
          if (scene.client.readyState !== "open") return;
          scene.client.sendPacket(message("last"));
          scene.client.close();
          runDry(scene);
          expect(scene.serverSink.messages).toEqual(["last"]);
          expect(scene.clientSink.closes).toEqual([["forced close", undefined]]);
          expect(scene.serverSink.closes).toHaveLength(1);
        },
      ),
    );
  });

  it("end at once when both close, although no poll comes that could be answered", () => {
    const scene = pair({ upgrade: false });
    runDry(scene);
    scene.wires.get.cut();
    scene.server.send(message("answers the held poll"));
    scene.platform.settle();
    scene.wires.get.cut();
    scene.server.close();
    expect(scene.serverSink.closes).toEqual([]);
    scene.client.close();
    runDry(scene);
    expect(scene.serverSink.closes).toEqual([["forced close", undefined]]);
    expect(scene.platform.timerCount).toBe(0);
  });

  it("end both when the server closes", () => {
    const scene = pair({ upgrade: false });
    runDry(scene);
    scene.server.send(message("last"));
    scene.server.close();
    runDry(scene);
    expect(scene.clientSink.messages).toEqual(["last"]);
    expect(scene.serverSink.closes).toEqual([["forced close", undefined]]);
    expect(scene.clientSink.closes).toEqual([["transport close", undefined]]);
  });
});

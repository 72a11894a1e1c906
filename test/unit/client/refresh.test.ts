import { describe, expect, it, vi } from "vitest";
import { OPEN, scene } from "./scripted-host.js";

const OURS = OPEN.replace("}", ',"vaiven":{"v":1,"caps":["refresh"]}}');

describe("credentials that the server asks for again", () => {
  it("are what the auth function gives now, sent on the connection that there is", () => {
    const { socket, last, receive, sent, transports } = scene();
    let n = 0;
    socket({ auth: (cb) => cb({ token: ++n }) }, false);
    last().accept(OURS);
    receive('40{"sid":"s1"}');
    sent();
    receive('47["refresh"]', '47["refresh"]');
    expect(sent()).toEqual(['47["refresh",{"token":2}]', '47["refresh",{"token":3}]']);
    expect(transports.length).toBe(1);
  });

  it("are the auth object, or null where there is none", () => {
    for (const [auth, shown] of [
      [{ token: "t" }, '{"token":"t"}'],
      [undefined, "null"],
    ] as const) {
      const { socket, last, receive, sent } = scene();
      socket(auth === undefined ? {} : { auth }, false);
      last().accept(OURS);
      receive('40{"sid":"s1"}');
      sent();
      receive('47["refresh"]');
      expect(sent()).toEqual([`47["refresh",${shown}]`]);
    }
  });

  it("are not sent when the socket was disconnected before the function answered", () => {
    const { socket, last, receive, sent } = scene();
    const answers: ((data: object) => void)[] = [];
    const client = socket({ auth: (cb) => void answers.push(cb) }, false);
    last().accept(OURS);
    answers[0]?.({});
    receive('40{"sid":"s1"}');
    receive('47["refresh"]');
    sent();
    receive("41");
    answers[1]?.({ late: true });
    expect(sent().filter((packet) => String(packet).startsWith("47"))).toEqual([]);
    expect(client.connected).toBe(false);
  });

  it("that have lapsed are the description of `disconnect`", () => {
    const { socket, last, receive } = scene();
    const client = socket({}, false);
    const onDisconnect = vi.fn();
    client.on("disconnect", onDisconnect);
    last().accept(OURS);
    receive('40{"sid":"s1"}', '47["lapsed","CREDENTIALS_EXPIRED"]', "41");
    expect(onDisconnect).toHaveBeenCalledWith(
      "io server disconnect",
      expect.objectContaining({ code: "CREDENTIALS_EXPIRED" }),
    );
  });
});

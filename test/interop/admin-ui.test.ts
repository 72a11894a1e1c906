// Interop: `instrument()` of npm's admin-ui on our server and on npm's, driven as its page drives it.
import { instrument } from "@socket.io/admin-ui";
import { type Socket as ClientSocket, io as stockConnect } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { connected, type Stage, stage } from "../support/scene.js";
import { Ledger, once } from "../support/waiting.js";
import { OURS, PAIRS, REFERENCE } from "./pairs.js";

interface Report {
  readonly event: string;
  readonly args: unknown[];
}

/** What the page hears, and its own connection. */
async function administer(scene: Stage): Promise<{ admin: ClientSocket; heard: Hear }> {
  const reports = new Ledger<Report>();
  const heard: Hear = async (event, ...start) => {
    const find = (): Report | undefined =>
      reports.entries.find(
        (report) => report.event === event && start.every((value, index) => report.args[index] === value),
      );
    while (find() === undefined) await reports.reaches(reports.entries.length + 1);
    return (find() as Report).args;
  };
  const admin = await connected(
    {
      ...REFERENCE.client,
      io: ((url: string, options: object) => {
        const socket = stockConnect(url, options);
        socket.onAny((event: string, ...args: unknown[]) => reports.add({ event, args }));
        return socket;
      }) as typeof stockConnect,
    },
    `${scene.url}/admin`,
    { transports: ["websocket"] },
  );
  return { admin, heard };
}

type Hear = (event: string, ...start: unknown[]) => Promise<unknown[]>;

for (const { name, server, client } of PAIRS) {
  describe(`${name}: admin-ui`, () => {
    it("reports sockets, rooms, events and figures", async () => {
      const scene = await stage(server);
      instrument(scene.io, { auth: false, mode: "development", serverId: "node-1" });
      const early = await connected(client, scene.url, { transports: ["polling"] });
      const { heard } = await administer(scene);
      const [sockets] = await heard("all_sockets");
      expect((sockets as { id: string; transport: string }[]).find(({ id }) => id === early.id)).toMatchObject({
        nsp: "/",
        transport: "polling",
        rooms: [early.id],
      });
      const peer = await connected(client, scene.url, { transports: ["websocket"] });
      const { id } = peer;
      await heard("room_joined", "/", id, id);
      scene.io.in(id as string).socketsJoin("room");
      await heard("room_joined", "/", "room", id);
      peer.emit("question", 1);
      await heard("event_received", "/", id);
      scene.io.to("room").emit("answer", 2);
      await heard("event_sent", "/", id);
      scene.io.in(id as string).socketsLeave("room");
      await heard("room_left", "/", "room", id);
      peer.disconnect();
      await heard("socket_disconnected", "/", id, "client namespace disconnect");
      const [stats] = await heard("server_stats");
      expect(stats).toMatchObject({
        serverId: "node-1",
        clientsCount: expect.any(Number),
        namespaces: expect.any(Array),
      });
    });

    it("does what the page asks for: join, leave, emit, disconnect", async () => {
      const scene = await stage(server);
      instrument(scene.io, { auth: false, mode: "development" });
      const { admin, heard } = await administer(scene);
      const peer = await connected(client, scene.url, { transports: ["websocket"] });
      admin.emit("join", "/", "room", peer.id);
      await heard("room_joined", "/", "room", peer.id);
      const got = once(peer, "news");
      admin.emit("emit", "/", "room", "news", 5);
      expect(await got).toEqual([5]);
      admin.emit("leave", "/", "room", peer.id);
      await heard("room_left", "/", "room", peer.id);
      expect(scene.io.sockets.adapter.rooms.has("room")).toBe(false);
      const gone = once(peer, "disconnect");
      admin.emit("_disconnect", "/", false, peer.id);
      expect((await gone)[0]).toBe("io server disconnect");
    });
  });
}

describe("admin-ui on our server", () => {
  it("refuses who does not know the password", async () => {
    const scene = await stage(OURS.server);
    // The form of a bcrypt hash, which no password has.
    const password = `$2b$04$${"a".repeat(53)}`;
    instrument(scene.io, { auth: { type: "basic", username: "admin", password } });
    await expect(
      connected(OURS.client, `${scene.url}/admin`, { auth: { username: "admin", password: "wrong" } }),
    ).rejects.toThrow("invalid credentials");
  });
});

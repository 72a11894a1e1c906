// Interop: clients of Socket.IO 2 (Engine.IO 3) with `allowEIO3`. npm's server checks the tests themselves.
import { Server as StockServer } from "socket.io";
import { Manager as StockManager, io as stockIo } from "socket.io-client";
import version2 from "socket.io-client2";
import { describe, expect, it } from "vitest";
import { Server } from "../../src/entry/server.js";
import { ask } from "../support/raw-client.js";
import { type ClientLibrary, connected, pair, type ServerLibrary, stage, upgraded } from "../support/scene.js";
import { collect, once } from "../support/waiting.js";
import { asked, describeOlder } from "./older.js";
import { OURS, WAYS } from "./pairs.js";

const ourServer: ServerLibrary = { Server: Server as unknown as typeof StockServer };
const stockServer: ServerLibrary = { Server: StockServer };
const client: ClientLibrary = { io: version2, Manager: version2.Manager };
const stockClient: ClientLibrary = { io: stockIo, Manager: StockManager };

describeOlder({ name: "npm client 2, npm server", server: stockServer, client, version2: true });
describeOlder({ name: "npm client 2, our server", server: ourServer, client, version2: true });

for (const [name, server] of Object.entries({ npm: stockServer, our: ourServer })) {
  describe(`clients of Socket.IO 2 and 4 at ${name} server`, () => {
    it("hear the same broadcasts, text and binary, over every transport", async () => {
      const scene = await stage(server, { allowEIO3: true });
      const peers = [];
      for (const library of [client, stockClient, OURS.client]) {
        for (const options of Object.values(WAYS)) peers.push((await pair(scene, library, options)).peer);
      }
      const heard = peers.map((peer) => collect<[number, Uint8Array, string]>(peer, "all", 5));
      for (let n = 0; n < 5; n++) scene.io.emit("all", n, Buffer.from([n, 255, 0]), "ñ😀");
      for (const events of await Promise.all(heard)) {
        expect(events.map(([n, bytes, text]) => [n, [...bytes], text])).toEqual(
          [0, 1, 2, 3, 4].map((n) => [n, [n, 255, 0], "ñ😀"]),
        );
      }
    });

    it("are named by the id of the connection", async () => {
      const scene = await stage(server, { allowEIO3: true });
      scene.io.of("/admin").on("connection", (socket) => {
        socket.on("who", (answer: (who: unknown) => void) => answer([socket.id, socket.handshake.auth]));
      });
      const { socket, peer } = await pair(scene, client, { transports: ["websocket"], query: { q: "1" } });
      const { id: connectionId } = socket.conn as unknown as { id: string };
      expect([socket.conn.protocol, socket.id, peer.id]).toEqual([3, connectionId, connectionId]);
      expect(socket.handshake.query).toMatchObject({ q: "1", EIO: "3", transport: "websocket" });
      const admin = await connected(client, `${scene.url}/admin?token=x&other=y`, { transports: ["websocket"] });
      const [id, auth] = await asked<[string, unknown]>(admin, "who");
      expect(id).toBe(admin.id);
      expect(id).toMatch(/^\/admin#/);
      expect(auth).toEqual({ token: "x", other: "y" });
    });

    it("are told of a namespace that does not exist, and of a refusal without data by its message", async () => {
      const scene = await stage(server, { allowEIO3: true });
      scene.io.use((_socket, next) => next(new Error("not today")));
      const socket = version2(scene.url, { transports: ["websocket"], reconnection: false, forceNew: true });
      expect((await once(socket, "error"))[0]).toBe("not today");
      const nowhere = socket.io.socket("/nowhere");
      nowhere.open();
      expect((await once(nowhere, "error"))[0]).toEqual({ message: "Invalid namespace" });
      socket.io.engine.close();
    });

    it("are refused without allowEIO3", async () => {
      const scene = await stage(server);
      const socket = version2(scene.url, { transports: ["polling"], reconnection: false, forceNew: true });
      const refused = once<[{ code: number; message: string }]>(scene.io.engine, "connection_error");
      await once(socket, "connect_error");
      expect((await refused)[0]).toMatchObject({ code: 5, message: "Unsupported protocol version" });
    });

    it("send bytes as text with forceBase64", async () => {
      const scene = await stage(server, { allowEIO3: true });
      for (const library of [client, stockClient]) {
        for (const [way, options] of Object.entries(WAYS)) {
          const { socket, peer } = await pair(scene, library, { ...options, forceBase64: true });
          if (way === "upgrade") await upgraded(peer);
          socket.on("echo", (bytes: Uint8Array, answer: (bytes: Uint8Array) => void) => answer(bytes));
          expect([...(await asked<Uint8Array>(peer, "echo", Buffer.from([1, 0, 255])))]).toEqual([1, 0, 255]);
        }
      }
    });

    it("are carried by polling in bytes, in base64 and in scripts", async () => {
      const scene = await stage(server, { allowEIO3: true, jsonp: true } as object);
      scene.io.on("connection", (socket) => {
        socket.on("echo", (bytes: Uint8Array) => socket.emit("echo", bytes, "€"));
      });
      const text = (answer: { headers: { "content-type"?: string | undefined } }): string | undefined =>
        answer.headers["content-type"]?.split(";")[0];
      const events = '451-["echo",{"_placeholder":true,"num":0}]';
      const asText = `${events.length}:${events}10:b4AQD/AA==`;
      const asBytes = Buffer.concat([
        Buffer.from([0, ...String(events.length).split("").map(Number), 255]),
        Buffer.from(events),
        Buffer.from([1, 5, 255, 4, 1, 0, 255, 0]),
      ]);
      const reply = '451-["echo",{"_placeholder":true,"num":0},"€"]';
      const replyBytes = Buffer.concat([
        Buffer.from([0, ...String(Buffer.byteLength(reply)).split("").map(Number), 255]),
        Buffer.from(reply),
        Buffer.from([1, 5, 255, 4, 1, 0, 255, 0]),
      ]);
      for (const form of ["", "&b64=1", "&b64=1&j=7"]) {
        const path = `/socket.io/?EIO=3&transport=polling${form}`;
        const script = (body: string): string =>
          form === "&b64=1&j=7" ? (JSON.parse(/^___eio\[7\]\((.*)\);$/.exec(body)?.[1] ?? "") as string) : body;
        const opened = await ask(scene.port, path);
        const first = script(opened.text);
        const colon = first.indexOf(":");
        const end = colon + 1 + Number(first.slice(0, colon));
        expect(first[colon + 1]).toBe("0");
        const { sid } = JSON.parse(first.slice(colon + 2, end)) as { sid: string };
        const pending = first.slice(end) || script((await ask(scene.port, `${path}&sid=${sid}`)).text);
        expect(pending).toBe("2:40");
        const posted =
          form === ""
            ? { headers: { "content-type": "application/octet-stream" }, body: asBytes }
            : form === "&b64=1&j=7"
              ? {
                  headers: { "content-type": "application/x-www-form-urlencoded" },
                  body: `d=${encodeURIComponent(asText)}`,
                }
              : { headers: { "content-type": "text/plain;charset=UTF-8" }, body: asText };
        expect((await ask(scene.port, `${path}&sid=${sid}`, { method: "POST", ...posted })).text).toBe("ok");
        const answer = await ask(scene.port, `${path}&sid=${sid}`);
        if (form === "") {
          expect([text(answer), answer.body.toString("hex")]).toEqual([
            "application/octet-stream",
            replyBytes.toString("hex"),
          ]);
        } else {
          expect(text(answer)).toMatch(form === "&b64=1&j=7" ? /^text\/(javascript|plain)$/ : /^text\/plain$/);
          expect(script(answer.text)).toBe(`${reply.length}:${reply}10:b4AQD/AA==`);
        }
      }
    });
  });
}

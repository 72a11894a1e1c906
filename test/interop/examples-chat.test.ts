// examples/chat, driven by npm's client: nicknames, rooms, what was missed, private messages, typing, administrators.
import type { Socket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { createApp } from "../../examples/chat/app.js";
import { History } from "../../examples/chat/history.js";
import { rateLimit } from "../../examples/chat/rate.js";
import { ask, listen, runProgram, visitor } from "../support/example-program.js";
import { collect, inTime, once } from "../support/waiting.js";

interface Line {
  id: number;
  from: string;
  text: string;
}
interface Welcome {
  nick: string;
  token: string;
  epoch: string;
  mail: Line[];
}
interface Joined {
  ok: boolean;
  epoch: string;
  messages: Line[];
  complete: boolean;
}
type Entered = Socket & { welcome: Welcome };

/** Someone who has been let in. */
async function enter(url: string, auth: object): Promise<Entered> {
  const socket = visitor(url, { auth, transports: ["websocket"] });
  const welcomed = once<[Welcome]>(socket, "welcome");
  socket.connect();
  const [welcome] = await welcomed;
  return Object.assign(socket, { welcome });
}

/** The error that a connection is refused with. */
async function refused(url: string, auth: object): Promise<Error & { data?: { code: string } }> {
  const socket = visitor(url, { auth });
  const refusal = once<[Error & { data?: { code: string } }]>(socket, "connect_error");
  socket.connect();
  return (await refusal)[0];
}

const join = (socket: Socket, room: string, lastSeen?: object): Promise<Joined> =>
  ask(socket, "join", { room, lastSeen });
const say = (socket: Socket, room: string, text: string, key: string = text): Promise<{ ok: boolean; id: number }> =>
  ask(socket, "say", { room, text, key });

describe("chat: nicknames", () => {
  it("refuses a nickname that is taken, in upper or lower case, and one that is none", async () => {
    const url = await listen(createApp());
    await enter(url, { nick: "ana" });
    expect((await refused(url, { nick: "Ana" })).data).toEqual({ code: "nickname taken" });
    expect((await refused(url, { nick: "ana", token: "guess" })).data).toEqual({ code: "nickname taken" });
    for (const nick of [undefined, "", "a", "x".repeat(21), "a b", "<b>", 7, { toString: "ana" }]) {
      expect((await refused(url, { nick })).data).toEqual({ code: "bad nickname" });
    }
  });

  it("gives a nickname back to its holder, and closes the connection that held it before", async () => {
    const url = await listen(createApp());
    const first = await enter(url, { nick: "ana" });
    const goodbye = once(first, "goodbye");
    const closed = once(first, "disconnect");
    const second = await enter(url, { nick: "ana", token: first.welcome.token });
    expect(second.welcome.nick).toBe("ana");
    await goodbye;
    await closed;
  });

  it("tells everyone who is online", async () => {
    const url = await listen(createApp());
    const ana = visitor(url, { auth: { nick: "ana" }, transports: ["websocket"] });
    const told = collect(ana, "people", 2);
    const alone = once(ana, "people");
    ana.connect();
    await alone;
    const bruno = await enter(url, { nick: "bruno" });
    expect(await told).toEqual([[["ana"]], [["ana", "bruno"]]]);
    const left = once(ana, "people");
    bruno.disconnect();
    expect(await left).toEqual([["ana"]]);
  });
});

describe("chat: rooms", () => {
  it("brings a message to everyone else in the room, and to nobody outside", async () => {
    const url = await listen(createApp());
    const [ana, bruno, carla] = [
      await enter(url, { nick: "ana" }),
      await enter(url, { nick: "bruno" }),
      await enter(url, { nick: "carla" }),
    ];
    for (const socket of [ana, bruno]) await join(socket, "lobby");
    await join(carla, "music");
    const overheard: Line[] = [];
    for (const socket of [ana, carla]) socket.on("message", (line: Line) => overheard.push(line));
    const heard = once<[Line]>(bruno, "message");
    expect(await say(ana, "lobby", " hello ")).toMatchObject({ ok: true, id: 1 });
    expect((await heard)[0]).toMatchObject({ id: 1, room: "lobby", from: "ana", text: "hello" });
    await say(carla, "music", "round trip"); // whatever had been sent to these two is there by now
    await say(ana, "lobby", "round trip");
    expect(overheard).toEqual([]);
  });

  it("refuses messages to a room that one has not joined, and malformed ones", async () => {
    const url = await listen(createApp());
    const ana = await enter(url, { nick: "ana" });
    expect((await say(ana, "lobby", "outside")).ok).toBe(false);
    await join(ana, "lobby");
    for (const input of [null, "lobby", {}, { room: "lobby", text: " ", key: "k" }, { room: "lobby", text: "x" }]) {
      expect((await ask(ana, "say", input)).ok).toBe(false);
    }
    expect((await say(ana, "lobby", "x".repeat(1001), "k")).ok).toBe(false);
    expect((await join(ana, "no spaces")).ok).toBe(false);
    expect((await join(ana, ana.id ?? "")).ok).toBe(false);
  });

  it("opens new rooms up to its limit", async () => {
    const url = await listen(createApp());
    const answers: boolean[] = [];
    for (let part = 0; part < 2; part += 1) {
      // Two people: one alone would be told to slow down.
      const socket = await enter(url, { nick: `person${part}` });
      for (let room = 0; room < 9; room += 1) answers.push((await join(socket, `room-${part}-${room}`)).ok);
    }
    expect(answers.filter((ok) => ok)).toHaveLength(17); // twenty rooms, three of which were there
  });

  it("tells the room who is typing", async () => {
    const url = await listen(createApp());
    const [ana, bruno] = [await enter(url, { nick: "ana" }), await enter(url, { nick: "bruno" })];
    for (const socket of [ana, bruno]) await join(socket, "lobby");
    const typing = once(bruno, "typing");
    ana.emit("typing", { room: "lobby" });
    expect(await typing).toEqual([{ room: "lobby", nick: "ana" }]);
  });
});

describe("chat: what was missed while offline", () => {
  it("comes on return, in order and none twice", async () => {
    const url = await listen(createApp());
    const [ana, bruno] = [await enter(url, { nick: "ana" }), await enter(url, { nick: "bruno" })];
    const { epoch } = await join(ana, "lobby");
    await join(bruno, "lobby");
    const seen = await say(bruno, "lobby", "seen");
    ana.disconnect();
    for (const text of ["one", "two", "three"]) await say(bruno, "lobby", text);
    const returned = await enter(url, { nick: "ana", token: ana.welcome.token });
    const answer = await join(returned, "lobby", { epoch, id: seen.id });
    expect(answer.messages.map((line) => line.text)).toEqual(["one", "two", "three"]);
    expect(answer.complete).toBe(true);
    expect((await join(returned, "lobby", { epoch, id: 4 })).messages).toEqual([]);
    const fromAnotherRun = await join(returned, "lobby", { epoch: "another", id: 4 });
    expect(fromAnotherRun.messages).toHaveLength(4);
  });

  it("says so when the room has kept only a part", async () => {
    const url = await listen(createApp({ historyLimit: 2 }));
    const ana = await enter(url, { nick: "ana" });
    const { epoch } = await join(ana, "lobby");
    for (const text of ["one", "two", "three", "four"]) await say(ana, "lobby", text);
    const answer = await join(ana, "lobby", { epoch, id: 1 });
    expect(answer.messages.map((line) => line.id)).toEqual([3, 4]);
    expect(answer.complete).toBe(false);
  });

  it("does not say a message twice that is sent again under its key", async () => {
    const url = await listen(createApp());
    const ana = await enter(url, { nick: "ana" });
    await join(ana, "lobby");
    const first = await say(ana, "lobby", "hello", "key-1");
    const again = await say(ana, "lobby", "hello", "key-1");
    expect(again.id).toBe(first.id);
    expect((await join(ana, "lobby")).messages).toHaveLength(1);
  });

  it("keeps private messages for someone who has just left", async () => {
    const url = await listen(createApp());
    const [ana, bruno] = [await enter(url, { nick: "ana" }), await enter(url, { nick: "bruno" })];
    const received = once<[Line]>(ana, "private");
    await ask(bruno, "whisper", { to: "ana", text: "first", key: "1" });
    const [{ id }] = await received;
    ana.disconnect();
    await once(bruno, "people");
    expect((await ask(bruno, "whisper", { to: "ANA", text: "second", key: "2" })).ok).toBe(true);
    expect((await ask(bruno, "whisper", { to: "nobody", text: "lost", key: "3" })).ok).toBe(false);
    const mail = { epoch: ana.welcome.epoch, id };
    const returned = await enter(url, { nick: "ana", token: ana.welcome.token, mail });
    expect(returned.welcome.mail.map((line) => line.text)).toEqual(["second"]);
  });
});

describe("chat: the rate", () => {
  it("drops what comes too fast and says so, and goes on with the connection", async () => {
    const url = await listen(createApp());
    const ana = await enter(url, { nick: "ana" });
    await join(ana, "lobby");
    const notice = once(ana, "notice");
    for (let count = 0; count < 40; count += 1) ana.emit("typing", { room: "lobby" });
    expect(await notice).toEqual([expect.stringContaining("Slow down")]);
    expect(ana.connected).toBe(true);
  });

  it("refills as time goes by, up to the burst and not beyond", () => {
    let time = 0;
    const within = rateLimit(() => time);
    const allowed = (): number => Array.from({ length: 30 }, within).filter((one) => one).length;
    expect(allowed()).toBe(20);
    time += 1000;
    expect(allowed()).toBe(5);
    time += 3_600_000;
    expect(allowed()).toBe(20);
  });
});

describe("chat: administrators", () => {
  const open = async (): Promise<string> => listen(createApp({ adminToken: "sesame" }));

  it("refuses whoever does not show the token, and everyone when there is none", async () => {
    const url = await open();
    for (const auth of [{}, { token: "" }, { token: "Sesame" }, { token: 7 }, { token: ["sesame"] }]) {
      expect((await refused(`${url}/admin`, auth)).data).toEqual({ code: "refused" });
    }
    const closed = await listen(createApp());
    expect((await refused(`${closed}/admin`, { token: "" })).data).toEqual({ code: "closed" });
  });

  it("shows who is here, announces, closes rooms and puts people out", async () => {
    const url = await open();
    const ana = await enter(url, { nick: "ana" });
    await join(ana, "lobby");
    const admin = visitor(`${url}/admin`, { auth: { token: "sesame" } });
    const state = once(admin, "state");
    admin.connect();
    expect(await state).toMatchObject([
      {
        people: [{ nick: "ana", address: "127.0.0.1", rooms: ["lobby"] }],
        rooms: [{ name: "lobby", members: 1 }, {}, {}],
      },
    ]);

    const announcement = once(ana, "announcement");
    expect((await ask(admin, "announce", "Tea at five")).ok).toBe(true);
    expect(await announcement).toMatchObject([{ text: "Tea at five" }]);

    const roomClosed = once(ana, "room closed");
    expect((await ask(admin, "close room", "lobby")).ok).toBe(true);
    expect(await roomClosed).toEqual(["lobby"]);
    expect((await say(ana, "lobby", "still here?")).ok).toBe(false);
    expect((await ask(admin, "close room", "lobby")).ok).toBe(false);

    const out = [once(ana, "goodbye"), once(ana, "disconnect")];
    expect((await ask(admin, "kick", "ana")).ok).toBe(true);
    await Promise.all(out);
    const newcomer = await enter(url, { nick: "ana" }); // the nickname is free again
    expect(newcomer.welcome.token).not.toBe(ana.welcome.token);
  });
});

describe("chat: history", () => {
  it("numbers from 1, keeps the newest, and knows what it has let go", () => {
    const history = new History<{ id: number }>(3);
    expect(history.since(0)).toEqual({ entries: [], complete: true });
    for (let count = 0; count < 5; count += 1) history.add((id) => ({ id }));
    expect(history.size).toBe(3);
    expect(history.since(2)).toEqual({ entries: [{ id: 3 }, { id: 4 }, { id: 5 }], complete: true });
    expect(history.since(1).complete).toBe(false);
    expect(history.since(99)).toEqual({ entries: [], complete: true });
  });
});

describe("chat as a process", () => {
  it("says where it listens and ends by itself on SIGTERM with people connected", async () => {
    const program = runProgram("examples/chat/server.ts", { PORT: "0", ADMIN_TOKEN: "sesame" });
    const [, port = ""] = await program.prints(/administrators: http:\/\/localhost:(\d+)\/admin/);
    await enter(`http://127.0.0.1:${port}`, { nick: "ana" });
    program.child.kill("SIGTERM");
    expect(await inTime(program.ended, "the program ends")).toBe(0);
  });
});

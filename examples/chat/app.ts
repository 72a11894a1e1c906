// Example: the chat: its web server, its rooms and its people. admin.ts adds the administrators' namespace.
import { randomBytes } from "node:crypto";
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import express from "express";
import { Server } from "vaiven";
import { openAdmin } from "./admin.js";
import { accept, refusal, refuse } from "./answer.js";
import { type ChatServer, type ChatSocket, channel, type RoomMessage } from "./events.js";
import { History } from "./history.js";
import { asKey, asLastSeen, asNick, asRecord, asRoomName, asString, asText } from "./input.js";
import { People } from "./people.js";
import { rateLimit } from "./rate.js";

const FIRST_ROOMS = ["lobby", "help", "music"];
const MOST_ROOMS = 20;

export interface ChatOptions {
  /** What administrators must show. Empty or missing: the namespace refuses everyone. */
  adminToken?: string | undefined;
  /** How many messages each room keeps for those who were away. Default: 200. */
  historyLimit?: number;
}

/** The chat, not yet listening. */
export interface Chat {
  readonly server: HttpServer;
  readonly io: ChatServer;
  /** Disconnects everyone, stops listening and resolves once the port is free. */
  close(): Promise<void>;
}

export function createApp(options: ChatOptions = {}): Chat {
  const app = express();
  app.disable("x-powered-by");
  app.use((_req, res, next) => {
    res.set({
      "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      "Referrer-Policy": "no-referrer",
      "X-Content-Type-Options": "nosniff",
    });
    next();
  });
  app.use(express.static(join(__dirname, "public"), { extensions: ["html"] }));

  const server = createServer(app);
  // Nothing that this chat accepts is longer than a few thousand bytes, so nothing longer is even read.
  const io: ChatServer = new Server(server, { maxHttpBufferSize: 16_384 });
  const people = new People();
  const epoch = randomBytes(6).toString("base64url");
  const historyLimit = options.historyLimit ?? 200;
  const rooms = new Map(FIRST_ROOMS.map((name) => [name, new History<RoomMessage>(historyLimit)]));

  const tellAdministrators = openAdmin(
    { io, people, rooms, announceState: () => announceState() },
    options.adminToken ?? "",
  );
  const announceState = (): void => {
    io.emit("rooms", [...rooms.keys()]);
    io.emit(
      "people",
      people
        .present()
        .map((person) => person.nick)
        .sort(),
    );
    tellAdministrators();
  };

  // Runs before "connection": someone without a nickname of their own never gets that far.
  io.use((socket, next) => {
    const nick = asNick(socket.handshake.auth["nick"]);
    if (nick === null) {
      next(refusal("bad nickname", "A nickname has 2 to 20 letters, digits, - or _."));
      return;
    }
    const claim = people.claim(nick, asString(socket.handshake.auth["token"]));
    if ("refused" in claim) {
      next(refusal(claim.refused, claim.refused === "nickname taken" ? `${nick} is taken.` : "The chat is full."));
      return;
    }
    socket.data.person = claim;
    next();
  });

  io.on("connection", (socket) => {
    const { person } = socket.data;
    const before = people.arrived(person, socket);
    if (before !== null) {
      before.emit("goodbye", "This nickname is in use in another tab.");
      before.disconnect(true);
    }
    const mail = person.mail.since(asLastSeen(socket.handshake.auth["mail"], epoch)).entries;
    socket.emit("welcome", { nick: person.nick, token: person.token, epoch, mail });
    announceState();

    const withinRate = rateLimit();
    socket.use((_event, next) => next(withinRate() ? undefined : new Error("Slow down: too many messages at once.")));
    socket.on("error", (error: Error) => socket.emit("notice", error.message));
    listen(socket);
  });

  function listen(socket: ChatSocket): void {
    const { person } = socket.data;

    socket.on("join", (input, answer) => {
      const name = asRoomName(asRecord(input)["room"]);
      if (name === null) return refuse(answer, "A room's name has 1 to 24 of a-z, 0-9 and -.");
      let history = rooms.get(name);
      if (history === undefined) {
        if (rooms.size >= MOST_ROOMS) return refuse(answer, `There are ${MOST_ROOMS} rooms, and no more are opened.`);
        history = new History(historyLimit);
        rooms.set(name, history);
      }
      socket.join(channel(name));
      // Joining and reading the history happen in one turn: no message can fall between the two, or come twice.
      const { entries, complete } = history.since(asLastSeen(asRecord(input)["lastSeen"], epoch));
      accept<{ epoch: string; messages: RoomMessage[]; complete: boolean }>(answer, {
        ok: true,
        epoch,
        messages: entries,
        complete,
      });
      announceState();
    });

    socket.on("leave", (input, answer) => {
      const name = asRoomName(asRecord(input)["room"]);
      if (name === null || !rooms.has(name)) return refuse(answer, "There is no such room.");
      socket.leave(channel(name));
      accept(answer, { ok: true });
      announceState();
    });

    socket.on("say", (input, answer) => {
      const { room: givenRoom, text: givenText, key: givenKey } = asRecord(input);
      const room = asRoomName(givenRoom);
      const text = asText(givenText);
      const key = asKey(givenKey);
      const history = room === null ? undefined : rooms.get(room);
      if (room === null || history === undefined || !socket.rooms.has(channel(room)))
        return refuse(answer, "Join the room first.");
      if (text === null || key === null) return refuse(answer, "A message has 1 to 1000 characters.");
      // Sent again because its acknowledgement was lost with the connection: it has been said already.
      const said = history.find((entry) => entry.from === person.nick && entry.key === key);
      const message = said ?? history.add((id) => ({ id, room, from: person.nick, text, at: Date.now(), key }));
      if (said === undefined) socket.to(channel(room)).emit("message", message);
      accept<{ id: number; at: number }>(answer, { ok: true, id: message.id, at: message.at });
    });

    socket.on("whisper", (input, answer) => {
      const { to: givenTo, text: givenText, key: givenKey } = asRecord(input);
      const nick = asNick(givenTo);
      const text = asText(givenText);
      const key = asKey(givenKey);
      const receiver = nick === null ? undefined : people.find(nick);
      if (receiver === undefined || receiver === person) return refuse(answer, "Nobody of that name is here.");
      if (text === null || key === null) return refuse(answer, "A message has 1 to 1000 characters.");
      const said = person.mail.find((entry) => entry.from === person.nick && entry.key === key);
      if (said !== undefined) return accept<{ id: number; at: number }>(answer, { ok: true, id: said.id, at: said.at });
      const line = { from: person.nick, to: receiver.nick, text, at: Date.now(), key };
      const received = receiver.mail.add((id) => ({ id, ...line }));
      // Away, but not for long: it waits in the mail.
      receiver.socket?.emit("private", received);
      const own = person.mail.add((id) => ({ id, ...line }));
      accept<{ id: number; at: number }>(answer, { ok: true, id: own.id, at: own.at });
    });

    socket.on("typing", (input) => {
      const room = asRoomName(asRecord(input)["room"]);
      // Volatile: who types is news for a moment only, and not worth a queue.
      if (room !== null && socket.rooms.has(channel(room))) {
        socket.volatile.to(channel(room)).emit("typing", { room, nick: person.nick });
      }
    });

    socket.on("disconnect", () => {
      if (person.socket === socket) people.away(person);
      announceState();
    });
  }

  return {
    server,
    io,
    close: async () => {
      await io.close({ drain: 5_000 });
    },
  };
}

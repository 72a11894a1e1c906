// Example: the administrators' namespace. Its middleware refuses everyone who does not show the token.
import { accept, refusal, refuse } from "./answer.js";
import { type AdminNamespace, type ChatState, channel } from "./events.js";
import { asNick, asRoomName, asString, asText } from "./input.js";
import { sameSecret } from "./same-secret.js";

/** Opens `/admin` and returns the function that tells the administrators how things stand. */
export function openAdmin(chat: ChatState, token: string): () => void {
  const admin: AdminNamespace = chat.io.of("/admin");

  const tell = (): void => {
    admin.emit("state", {
      people: chat.people.present().map(({ nick, socket }) => ({
        nick,
        address: socket.handshake.address,
        rooms: [...chat.rooms.keys()].filter((room) => socket.rooms.has(channel(room))),
      })),
      rooms: [...chat.rooms].map(([name, history]) => ({
        name,
        members: chat.io.of("/").adapter.rooms.get(channel(name))?.size ?? 0,
        messages: history.size,
      })),
    });
  };

  admin.use((socket, next) => {
    if (token === "") next(refusal("closed", "This chat has no administrators: ADMIN_TOKEN is not set."));
    else if (sameSecret(asString(socket.handshake.auth["token"]), token)) next();
    else next(refusal("refused", "That is not the token."));
  });

  admin.on("connection", (socket) => {
    tell();

    socket.on("announce", (given, answer) => {
      const text = asText(given);
      if (text === null) return refuse(answer, "An announcement has 1 to 1000 characters.");
      chat.io.emit("announcement", { text, at: Date.now() });
      accept(answer, { ok: true });
    });

    socket.on("kick", (given, answer) => {
      const nick = asNick(given);
      const person = nick === null ? undefined : chat.people.find(nick);
      if (person === undefined) return refuse(answer, "Nobody of that name is here.");
      person.socket?.emit("goodbye", "An administrator has closed your connection.");
      person.socket?.disconnect(true);
      chat.people.remove(person); // the token dies with it: the nickname is free again
      accept(answer, { ok: true });
    });

    socket.on("close room", (given, answer) => {
      const room = asRoomName(given);
      if (room === null || !chat.rooms.delete(room)) return refuse(answer, "There is no such room.");
      chat.io.to(channel(room)).emit("room closed", room);
      chat.io.in(channel(room)).socketsLeave(channel(room));
      accept(answer, { ok: true });
      chat.announceState();
    });
  });

  return tell;
}

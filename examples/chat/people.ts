// Example: who holds which nickname. A nickname outlives its connection for a while, and so does its mail.
import { randomBytes } from "node:crypto";
import type { ChatSocket, PrivateMessage } from "./events.js";
import { History } from "./history.js";
import { sameSecret } from "./same-secret.js";

/** How long a nickname and its mail are kept for someone who left, in milliseconds. */
const KEPT_AFTER_LEAVING = 120_000;
/** Past this many nicknames, present or kept, newcomers are refused. */
const MOST_PEOPLE = 1000;
const MAIL_KEPT = 100;

export interface Person {
  readonly nick: string;
  readonly token: string;
  readonly mail: History<PrivateMessage>;
  socket: ChatSocket | null;
  forget: NodeJS.Timeout | undefined;
}

export class People {
  readonly #byNick = new Map<string, Person>();

  /** The holder of a nickname, present or just away. Upper and lower case are the same nickname. */
  find(nick: string): Person | undefined {
    return this.#byNick.get(nick.toLowerCase());
  }

  /** Everyone with a connection at this moment. */
  present(): (Person & { socket: ChatSocket })[] {
    return [...this.#byNick.values()].filter((person): person is Person & { socket: ChatSocket } => !!person.socket);
  }

  /** A free nickname, or one's own with its token; otherwise the reason why not. */
  claim(nick: string, token: string): Person | { refused: "nickname taken" | "the chat is full" } {
    const holder = this.find(nick);
    if (holder !== undefined) return sameSecret(token, holder.token) ? holder : { refused: "nickname taken" };
    if (this.#byNick.size >= MOST_PEOPLE) return { refused: "the chat is full" };
    const person: Person = {
      nick,
      token: randomBytes(16).toString("base64url"),
      mail: new History(MAIL_KEPT),
      socket: null,
      forget: undefined,
    };
    this.#byNick.set(nick.toLowerCase(), person);
    this.away(person); // until the connection that claimed it is there
    return person;
  }

  /** Binds a person to a connection, and returns the one that it had before, if that is still open. */
  arrived(person: Person, socket: ChatSocket): ChatSocket | null {
    clearTimeout(person.forget);
    const before = person.socket;
    person.socket = socket;
    return before;
  }

  away(person: Person): void {
    person.socket = null;
    clearTimeout(person.forget);
    person.forget = setTimeout(() => this.remove(person), KEPT_AFTER_LEAVING);
    person.forget.unref(); // a kept nickname does not keep the process running
  }

  remove(person: Person): void {
    clearTimeout(person.forget);
    if (this.find(person.nick) === person) this.#byNick.delete(person.nick.toLowerCase());
  }
}

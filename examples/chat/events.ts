// Example: every event of the chat, by direction. What a peer sends is `unknown` until input.ts has checked it.
import type { Namespace, Server, Socket } from "vaiven";
import type { History } from "./history.js";
import type { People, Person } from "./people.js";

/** One line said in a room. `id` counts up from 1 in each room. */
export interface RoomMessage {
  id: number;
  room: string;
  from: string;
  text: string;
  /** Milliseconds since 1970. */
  at: number;
  /** The sender's own name for the message: sent again with the same key, it is not said twice. */
  key: string;
}

/** One line from one person to another. `id` counts up from 1 in each person's mail. */
export interface PrivateMessage {
  id: number;
  from: string;
  to: string;
  text: string;
  at: number;
  key: string;
}

/** The acknowledgement of every request. */
export type Answer<T = object> = ({ ok: true } & T) | { ok: false; reason: string };

export interface FromPerson {
  join: (input: unknown, answer?: unknown) => void;
  leave: (input: unknown, answer?: unknown) => void;
  say: (input: unknown, answer?: unknown) => void;
  whisper: (input: unknown, answer?: unknown) => void;
  typing: (input: unknown) => void;
}

export interface ToPerson {
  welcome: (welcome: {
    nick: string;
    /** Proves that the nickname is this person's when the connection returns. */
    token: string;
    /** Names this run of the server: message ids of another run mean nothing. */
    epoch: string;
    mail: PrivateMessage[];
  }) => void;
  rooms: (names: string[]) => void;
  people: (nicks: string[]) => void;
  message: (message: RoomMessage) => void;
  private: (message: PrivateMessage) => void;
  typing: (who: { room: string; nick: string }) => void;
  announcement: (announcement: { text: string; at: number }) => void;
  "room closed": (room: string) => void;
  notice: (text: string) => void;
  goodbye: (reason: string) => void;
}

export interface FromAdmin {
  announce: (text: unknown, answer?: unknown) => void;
  kick: (nick: unknown, answer?: unknown) => void;
  "close room": (room: unknown, answer?: unknown) => void;
}

export interface ToAdmin {
  state: (state: {
    people: { nick: string; address: string; rooms: string[] }[];
    rooms: { name: string; members: number; messages: number }[];
  }) => void;
}

type NoServerEvents = Record<string, never>;
export interface PersonData {
  person: Person;
}
export type ChatServer = Server<FromPerson, ToPerson, NoServerEvents, PersonData>;
export type ChatSocket = Socket<FromPerson, ToPerson, NoServerEvents, PersonData>;
export type AdminNamespace = Namespace<FromAdmin, ToAdmin, NoServerEvents, object>;

/** What admin.ts needs of the chat. */
export interface ChatState {
  readonly io: ChatServer;
  readonly people: People;
  readonly rooms: Map<string, History<RoomMessage>>;
  /** Tells everyone who is here and which rooms there are. */
  announceState(): void;
}

/** The library's room behind a room of the chat. Each socket is in a room of its own id too: a visitor must not be able to name that. */
export function channel(room: string): string {
  return `room:${room}`;
}

// Growth benches: what is looked at, and what was found. One panel of the chart each; the names stand in the JSON.
import type { SubjectName } from "../loads.js";

/** What a guest of a session in memory does (bench/growth/sessions.mjs). */
export const STEPS = ["connect", "room", "disconnect", "join", "emit", "leave"] as const;
export type Step = (typeof STEPS)[number];

export interface Panel {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly x: string;
  /** Both axes in decades, where the line is to be a straight one; otherwise only what there is of. */
  readonly isLogarithmic: boolean;
}

export const PANELS = {
  fanout: { title: "Fan-out to everybody", unit: "µs of CPU per receiver", x: "connections", isLogarithmic: false },
  members: { title: "A room, by its members", unit: "µs of CPU per broadcast", x: "members", isLogarithmic: true },
  others: {
    title: "A room of ten among others",
    unit: "µs of CPU per broadcast",
    x: "connections, each with a room",
    isLogarithmic: false,
  },
  connect: {
    title: "Connecting one more",
    unit: "µs of CPU per connection",
    x: "connections at the end",
    isLogarithmic: false,
  },
  memory: { title: "An idle connection", unit: "KB of resident memory", x: "connections", isLogarithmic: false },
  session: {
    title: "A session without a socket",
    unit: "KB of heap",
    x: "sessions over transports in memory",
    isLogarithmic: false,
  },
  broadcast: {
    title: "Fan-out without sockets",
    unit: "µs of CPU per receiver",
    x: "sessions over transports in memory",
    isLogarithmic: false,
  },
  steps: {
    title: "One step among others: vaivén",
    unit: "µs of CPU, transports in memory",
    x: "sessions present",
    isLogarithmic: true,
  },
  stepsOfSocketIo: {
    title: "One step among others: socket.io",
    unit: "µs of CPU, transports in memory",
    x: "sessions present",
    isLogarithmic: true,
  },
} as const satisfies Record<string, Omit<Panel, "name">>;

export type PanelName = keyof typeof PANELS;

export interface Finding {
  readonly panel: PanelName;
  /** A subject, or a step of one. */
  readonly line: SubjectName | Step;
  readonly x: number;
  readonly y: number;
  /** Half the distance from the lowest to the highest window, as a share of the median; absent for a single one. */
  readonly spread?: number;
}

export const TITLES: Readonly<Record<string, string>> = {
  vaiven: "vaivén",
  "socket.io": "socket.io",
  net: "node:net",
  room: "room of ten",
};

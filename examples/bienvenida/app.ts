// Example: the tutorial's program in today's TypeScript: the web server, the events, one timer for each visitor.
import { createServer, type Server as HttpServer } from "node:http";
import { join } from "node:path";
import express from "express";
import { Server, type Socket } from "vaiven";

/** The shortest period a visitor may ask for, in milliseconds. Shorter ones would only flood the page. */
export const SHORTEST_PERIOD = 50;
/** The longest one: a day. Past 2^31 - 1 ms a Node timer would silently fire every millisecond instead. */
export const LONGEST_PERIOD = 86_400_000;

const ROOMS = ["plaza", "patio"] as const;
type Room = (typeof ROOMS)[number];
const LONGEST_TEXT = 280;

/** What the server answers to a request: done, or the reason why not, in words for the visitor. */
export type Answer = { ok: true } | { ok: false; motivo: string };

// A visitor may send anything under these names: the arguments are `unknown` until they have been checked.
interface FromVisitor {
  "quiero un random": (everyMs: unknown, answer?: unknown) => void;
  "cambiar de sala": (room: unknown, answer?: unknown) => void;
  difundir: (message: unknown, answer?: unknown) => void;
}

interface ToVisitor {
  bienvenida: (greeting: { digo: string }) => void;
  "toma un random": (data: { numero: number }) => void;
  mensaje: (message: { de: string; texto: string; sala: Room | null }) => void;
  visitantes: (count: { total: number; salas: Record<Room, number> }) => void;
  aviso: (notice: { texto: string }) => void;
}

type NoServerEvents = Record<string, never>;
interface VisitorData {
  name: string;
  room: Room;
}
type Visitor = Socket<FromVisitor, ToVisitor, NoServerEvents, VisitorData>;

/** The program, not yet listening. */
export interface Bienvenida {
  readonly server: HttpServer;
  readonly io: Server<FromVisitor, ToVisitor, NoServerEvents, VisitorData>;
  /** How many visitors are being sent numbers at this moment. */
  activeTimers(): number;
  /** Disconnects everyone, stops listening and resolves once the port is free. */
  close(): Promise<void>;
}

export function createApp(): Bienvenida {
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
  app.use(express.static(join(__dirname, "public")));

  const server = createServer(app);
  const io: Bienvenida["io"] = new Server(server);
  const timers = new Map<string, NodeJS.Timeout>();
  let visitorsSoFar = 0;

  const stopNumbers = (visitor: Visitor): void => {
    clearInterval(timers.get(visitor.id));
    timers.delete(visitor.id);
  };

  const countVisitors = (): void => {
    const salas: Record<Room, number> = { plaza: 0, patio: 0 };
    for (const visitor of io.of("/").sockets.values()) salas[visitor.data.room] += 1;
    io.emit("visitantes", { total: salas.plaza + salas.patio, salas });
  };

  const enter = (visitor: Visitor, room: Room): void => {
    if (visitor.data.room) visitor.leave(visitor.data.room);
    visitor.data.room = room;
    visitor.join(room);
    countVisitors();
  };

  io.on("connection", (visitor) => {
    visitorsSoFar += 1;
    visitor.data.name = `visitante ${visitorsSoFar}`;
    visitor.emit("bienvenida", { digo: "Hola cliente WS!" });
    enter(visitor, "plaza");

    visitor.on("quiero un random", (everyMs, answer) => {
      if (!isPeriod(everyMs)) {
        const limits = `entre ${SHORTEST_PERIOD} y ${LONGEST_PERIOD} (un día)`;
        reply(visitor, answer, { ok: false, motivo: `El período es un número de milisegundos ${limits}.` });
        return;
      }
      stopNumbers(visitor); // a new request replaces the one before it
      const sendNumber = (): void => {
        visitor.emit("toma un random", { numero: Math.floor(Math.random() * 1000) + 1 });
      };
      timers.set(visitor.id, setInterval(sendNumber, everyMs));
      reply(visitor, answer, { ok: true });
    });

    visitor.on("cambiar de sala", (room, answer) => {
      const known = ROOMS.find((name) => name === room);
      if (known === undefined) {
        reply(visitor, answer, { ok: false, motivo: `Las salas son: ${ROOMS.join(", ")}.` });
        return;
      }
      enter(visitor, known);
      reply(visitor, answer, { ok: true });
    });

    visitor.on("difundir", (message, answer) => {
      const { texto, alcance } = asRecord(message);
      if (typeof texto !== "string" || texto.trim() === "" || texto.length > LONGEST_TEXT) {
        reply(visitor, answer, { ok: false, motivo: `El mensaje lleva entre 1 y ${LONGEST_TEXT} caracteres.` });
        return;
      }
      const sala = alcance === "sala" ? visitor.data.room : null;
      const others = sala === null ? visitor.broadcast : visitor.to(sala);
      others.emit("mensaje", { de: visitor.data.name, texto: texto.trim(), sala });
      reply(visitor, answer, { ok: true });
    });

    // The program of 2012 stops here, and its timers go on for visitors who left long ago.
    visitor.on("disconnect", () => {
      stopNumbers(visitor);
      countVisitors();
    });
  });

  return {
    server,
    io,
    activeTimers: () => timers.size,
    close: async () => {
      await io.close({ drain: 5_000 });
    },
  };
}

function isPeriod(value: unknown): value is number {
  return typeof value === "number" && value >= SHORTEST_PERIOD && value <= LONGEST_PERIOD; // NaN fails both
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

// The page asks for an acknowledgement; the tutorial's page does not, and is told of a refusal by an event.
function reply(visitor: Visitor, answer: unknown, result: Answer): void {
  if (typeof answer === "function") answer(result);
  else if (!result.ok) visitor.emit("aviso", { texto: result.motivo });
}

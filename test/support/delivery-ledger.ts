// Test support: the ledger of what was sent, received and announced between one server and one client (delivery-world.ts).
import type { BroadcastReport } from "../../src/server/broadcast-confirmations.js";
import type { AnySocket } from "../../src/server/socket.js";
import type { LostSession } from "../../src/server/socket-types.js";

/** Who has a connection, and what became of what it sent. */
export class DeliveryLedger {
  /** Events by number, in the order in which they were sent and in which listeners got them. */
  readonly up: { sent: number[]; heard: number[] } = { sent: [], heard: [] };
  readonly down: { sent: number[]; heard: number[] } = { sent: [], heard: [] };
  /** To whom each event of the server went. */
  readonly receivers: Map<number, AnySocket | undefined> = new Map();
  /** Acknowledgements that were asked for: what came of them. */
  readonly acks: Map<string, unknown[]> = new Map();
  readonly lost: LostSession[] = [];
  readonly unconfirmed: unknown[][] = [];
  readonly reasons: string[] = [];
  readonly errors: unknown[] = [];
  /** The sockets that the client has had, by id. */
  readonly joined: Set<string> = new Set();
  /** Whether sessions are kept for longer than a test lasts: those of which no client ever knew too. */
  isPatient = false;
  protected readonly excused: Set<number> = new Set();
  /** Acknowledgements whose end was wished, and those whose owner has died. */
  protected readonly mayFail: Set<string> = new Set();
  protected readonly orphans: Set<string> = new Set();

  /** An end was wished: of that which was sent until now nothing is announced. */
  protected forgive(way: "up" | "down"): void {
    for (const n of this[way].sent) this.excused.add(n);
    for (const name of this.acks.keys()) this.mayFail.add(name);
  }

  protected settles(name: string, promise: Promise<unknown>): void {
    const results: unknown[] = [];
    this.acks.set(name, results);
    promise.then(
      (value) => results.push(value),
      (error) => results.push(error),
    );
  }

  /** Waits that may end by themselves: only the event of a timed one must have arrived, and a report be true. */
  private isTimeOut(name: string, result: unknown): boolean {
    return name.includes("timed") && (result as { code?: string }).code === "ACK_TIMEOUT";
  }

  /** What is wrong, in words. */
  faults(): string[] {
    const faults = this.errors.map((error) => `error: ${String(error)}`);
    const check = (
      way: string,
      { sent, heard }: { sent: number[]; heard: number[] },
      excused: (n: number) => boolean,
    ) => {
      let before = 0;
      for (const n of heard) {
        if (n <= before) faults.push(`${way}: ${n} came after ${before}`);
        if (!sent.includes(n)) faults.push(`${way}: ${n} was never sent`);
        before = n;
      }
      for (const n of sent)
        if (!heard.includes(n) && !excused(n) && !this.excused.has(n)) faults.push(`${way}: ${n} lost silently`);
    };
    const told = new Set(this.unconfirmed.map(([, n]) => n));
    // An event that still waits to be sent goes with its time.
    for (const [name, [result]] of this.acks)
      if (name.startsWith("up timed") && result instanceof Error) told.add(numberOf(name));
    check("up", this.up, (n) => told.has(n));
    const isKept = (id = ""): boolean => this.isPatient && !this.joined.has(id);
    check("down", this.down, (n) => {
      const receiver = this.receivers.get(n)?.id;
      return isKept(receiver) || this.lost.some(({ id }) => id === receiver);
    });
    for (const [name, results] of this.acks) {
      if (this.orphans.has(name) || (!name.startsWith("up") && isKept(this.receivers.get(numberOf(name))?.id)))
        continue;
      if (results.length !== 1) faults.push(`${name}: settled ${results.length} times`);
      const [result] = results;
      const isLoss = this.mayFail.has(name) || this.lost.length + this.reasons.length > 0;
      if (result instanceof Error && !isLoss && !this.isTimeOut(name, result)) faults.push(`${name}: ${result}`);
      if (typeof result === "number" && numberOf(name) !== result) faults.push(`${name}: answered ${result}`);
      const isConfirmed =
        (name.startsWith("confirmed") && result === undefined) ||
        (name.startsWith("report") && (result as BroadcastReport).confirmed.length > 0);
      if (isConfirmed && !this.down.heard.includes(numberOf(name))) faults.push(`${name}, but it never came`);
    }
    return faults;
  }
}

/** The event of which an acknowledgement is. */
function numberOf(name: string): number {
  return Number(name.slice(name.lastIndexOf(" ")));
}

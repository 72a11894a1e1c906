// Example: acknowledgements and refusals.
import type { Answer } from "./events.js";

/** Calls the acknowledgement if the other end asked for one: a peer may put anything in its place, or nothing. */
export function accept<T = object>(answer: unknown, result: Answer<T>): void {
  if (typeof answer === "function") answer(result);
}

export function refuse(answer: unknown, reason: string): void {
  accept(answer, { ok: false, reason });
}

/** An error for a connection middleware: `data` reaches the client's `connect_error`. */
export function refusal(code: string, message: string): Error {
  return Object.assign(new Error(message), { data: { code } });
}

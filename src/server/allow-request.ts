// server/ What the program decides about each handshake, over every transport: `allowRequest`, and `generateId` (Socket.IO documentation, "Server options").
import type { IncomingMessage } from "node:http";
import { VaivenError } from "../errors.js";
import { type Refusal, RefusalCode, refusal } from "../http/refusal.js";
import type { EngineOptions } from "./engine-options.js";
import { isThenable } from "./middleware.js";

/** Calls `done` once, with why the request is refused, or with undefined. A function that throws refuses. */
export function askAllowRequest(
  allowRequest: NonNullable<EngineOptions["allowRequest"]>,
  req: IncomingMessage,
  failedBy: (cause: unknown) => void,
  done: (refused: Refusal | undefined) => void,
): void {
  let decided = false;
  const decide = (error: unknown, success: boolean): void => {
    if (decided) return;
    decided = true;
    done(success && !error ? undefined : refusal(RefusalCode.FORBIDDEN, { message: error }, textOf(error)));
  };
  const failed = (error: unknown): void => {
    failedBy(error);
    decide("the request could not be checked", false);
  };
  try {
    // An async function returns a promise, whatever its type says.
    const returned: unknown = allowRequest(req, decide);
    if (isThenable(returned)) returned.then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** What the client is told. Programs in JavaScript give numbers and errors too, and nothing in the way of an empty text. */
function textOf(error: unknown): string | undefined {
  if (!error) return undefined;
  return error instanceof Error ? error.message : String(error);
}

/** Calls `made` with an id that no session has yet, or `failed` with the reason: once, and in this turn unless the function takes longer. */
export function askId(
  generateId: () => string | Promise<string>,
  isTaken: (id: string) => boolean,
  failed: (error: unknown) => void,
  made: (id: string) => void,
): void {
  const check = (given: string | number): void => {
    const id = typeof given === "number" ? String(given) : given;
    if (typeof id === "string" && id !== "" && !isTaken(id)) made(id);
    else failed(new VaivenError("API_INVALID_ARGUMENT", "expected generateId to give a text that no session has yet"));
  };
  let id: string | Promise<string>;
  try {
    id = generateId();
  } catch (error) {
    failed(error);
    return;
  }
  if (isThenable(id)) id.then(check, failed);
  else check(id);
}

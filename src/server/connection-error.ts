// server/ The report of a request that gets no session (Engine.IO documentation, "connection_error").
import type { IncomingMessage } from "node:http";
import { REFUSAL_MESSAGES, type Refusal } from "../http/refusal.js";

/** What a request was refused for: the argument of `connection_error` listeners. */
export interface ConnectionErrorReport {
  readonly req: IncomingMessage;
  /** 0 to 5: see `RefusalCode`. */
  readonly code: number;
  readonly message: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** The report of one refusal. */
export function connectionError(req: IncomingMessage, { code, context }: Refusal): ConnectionErrorReport {
  return { req, code, message: REFUSAL_MESSAGES[code]!, context };
}

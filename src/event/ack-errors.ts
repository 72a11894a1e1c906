// event/ Acknowledgements that are errors, between our own two ends (control packet `ack-error`): what of an error travels, and what becomes of it.
import { VaivenError } from "../errors.js";
import type { WireError } from "../packet/control-packet.js";

/** What a handler threw, as an error. */
export function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(`${cause}`);
}

/** What the other end is told of an error: not its stack, and nothing that only this end can understand. */
export function wireErrorOf(error: Error & { code?: unknown; data?: unknown }): WireError {
  const { name, message, code, data } = error;
  // JSON leaves out what is undefined.
  return {
    name: `${name}`,
    message: `${message}`,
    code: typeof code === "string" || typeof code === "number" ? code : undefined,
    data,
  };
}

/** The error that came. */
export function errorOf({ name, message, code, data }: WireError): Error {
  return Object.assign(new Error(message), { name }, code !== undefined && { code }, data !== undefined && { data });
}

/** The error of an acknowledgement that nobody will give: the event has no listener. */
export function unhandledError(event: unknown): VaivenError {
  return new VaivenError("ACK_UNHANDLED", `no listener for "${event}"`);
}

// entry/ What `DEBUG=vaiven:*` prints, by npm's `debug`. Logs are listeners of the public events, added only to what is made while
// somebody asks for them: without that nothing is watched, and the path of a message knows nothing of logs.
import debug from "debug";

/** Prints a line; `%s`, `%d` and `%o` stand for the values. */
export type Log = (format: string, ...values: unknown[]) => void;

/** The log of a part, by our name for it or by Socket.IO's, or undefined while neither is asked for. */
export function logOf(name: string, socketIoName: string): Log | undefined {
  return [name, socketIoName].map((wanted) => debug(wanted)).find(({ enabled }) => enabled);
}

// session/ The JSON of the open packet, as the server writes it (Engine.IO protocol v4, "Handshake"). Its other end: open-data.ts.
import type { SessionOptions } from "./server-session.js";

/** Everything but the id is the same for all sessions of an engine that begin on the same transport. */
interface Rest {
  readonly options: SessionOptions;
  readonly polls: boolean;
  readonly extra: Readonly<Record<string, unknown>> | undefined;
  readonly json: string;
}

let last: Rest | undefined;

/** `polls`: the session may go over to the transports of `options.upgrades`. `extra` must not change. */
export function openJson(
  id: string,
  options: SessionOptions,
  polls: boolean,
  extra: Readonly<Record<string, unknown>> | undefined,
): string {
  if (last === undefined || last.options !== options || last.polls !== polls || last.extra !== extra) {
    const { pingInterval, pingTimeout, maxPayload, upgrades } = options;
    const rest = { upgrades: polls ? upgrades : [], pingInterval, pingTimeout, maxPayload, ...extra };
    last = { options, polls, extra, json: JSON.stringify(rest).slice(1) };
  }
  return `{"sid":${JSON.stringify(id)},${last.json}`;
}

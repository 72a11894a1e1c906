// server/ The `allowRequest` option: the user's word on each handshake, of every transport (compatibility, section 1).
import type { IncomingMessage } from "node:http";
import { type Refusal, RefusalCode, refusal } from "../http/refusal.js";
import type { EngineOptions } from "./engine-options.js";
import type { EngineHost } from "./host.js";

/** Calls `done` once, with why the request is refused, or with undefined. A function that throws refuses. */
export function askAllowRequest(
  allowRequest: EngineOptions["allowRequest"],
  req: IncomingMessage,
  host: EngineHost,
  done: (refused: Refusal | undefined) => void,
): void {
  if (allowRequest === undefined) {
    done(undefined);
    return;
  }
  let decided = false;
  const decide = (error: string | null | undefined, success: boolean): void => {
    if (decided) return;
    decided = true;
    done(
      success && !error
        ? undefined
        : refusal(RefusalCode.FORBIDDEN, { message: error ?? undefined }, error ?? undefined),
    );
  };
  const failed = (error: unknown): void => {
    host.report(error, "allowRequest");
    decide("the request could not be checked", false);
  };
  try {
    // An async function returns a promise, whatever its type says.
    const returned: unknown = allowRequest(req, decide);
    if (returned instanceof Promise) returned.catch(failed);
  } catch (error) {
    failed(error);
  }
}

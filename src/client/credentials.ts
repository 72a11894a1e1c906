// client/ The option `auth`, which may be a function that answers late, twice, with a promise, or not at all.
import type { SocketOptions } from "./socket-options.js";

type AuthFunction = Extract<NonNullable<SocketOptions["auth"]>, (...args: never[]) => void>;

/** Hands over what `socket.auth` gives now, once; or else why there is nothing that can be sent. What `auth` throws behind its answer is thrown here. */
export function readAuth(
  socket: Pick<SocketOptions, "auth">,
  take: (data?: object) => void,
  fail: (error: unknown) => void,
): void {
  let answered = false;
  const answer = (send: () => void): void => {
    if (answered) return;
    answered = true;
    try {
      send();
    } catch (error) {
      fail(error);
    }
  };
  const refuse = (error: unknown): void => {
    // What it throws behind its answer concerns nobody here.
    if (answered) throw error;
    answered = true;
    fail(error);
  };
  const { auth } = socket;
  if (typeof auth !== "function") {
    answer(() => take(auth));
    return;
  }
  try {
    const result = (auth as AuthFunction).call(socket, (data) => answer(() => take(data))) as unknown;
    const promise = result as Promise<unknown> | undefined;
    if (promise && promise.then) promise.then(undefined, refuse);
  } catch (error) {
    refuse(error);
  }
}

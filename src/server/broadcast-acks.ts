// server/ The acknowledgements of one broadcast, gathered from all receivers of all processes.
import type { BroadcastOptions } from "../adapter/contract.js";
import { ackTimeoutError, type PendingAck, releaseAck } from "../event/acks.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { NamespaceAdapter } from "./namespace.js";
import { isTooBig } from "./packet-size.js";

/** Called once, with null and the responses, or with an error and those that came. */
export type BroadcastAckCallback = (error: Error | null, responses?: unknown) => void;

/** Milliseconds that the acknowledgements of a broadcast may take where the program sets no `timeout`. */
export const DEFAULT_BROADCAST_TIMEOUT = 10_000;

/** Sends `packet` and calls `callback` when everybody has answered or left, or when the time is over. */
export function collectAcks(
  adapter: NamespaceAdapter,
  packet: SocketPacket,
  options: BroadcastOptions,
  single: boolean,
  callback: BroadcastAckCallback,
): void {
  const namespace = adapter.nsp;
  const timeout = options.flags?.timeout ?? DEFAULT_BROADCAST_TIMEOUT;
  const responses: unknown[] = [];
  /** What a client of ours answered with that is no answer. */
  let failure: Error | null = null;
  let missing = 0;
  let serversHeard = 0;
  let servers = Number.POSITIVE_INFINITY;
  let settled = false;

  const settle = (error: Error | null): void => {
    settled = true;
    cancel();
    namespace._errors.guard(() => callback(error, single ? responses[0] : responses), {
      namespace,
      event: (packet.data as unknown[])[0],
    });
  };
  const check = (): void => {
    if (!settled && serversHeard >= servers && missing <= 0) settle(failure);
  };
  const cancel = namespace._clock.after(timeout, () => {
    if (settled) return;
    // Late answers find nobody, and a socket that stays does not keep what nobody waits for.
    // npm's adapters do not say whom they asked: then every socket is looked through.
    if (!releaseAck(ack)) namespace._forgetAck(ack);
    settle(ackTimeoutError(timeout));
  });
  const ack: PendingAck = (response) => {
    if (settled) return;
    if (response instanceof Error) failure ??= response;
    else responses.push(response);
    missing--;
    check();
  };
  ack.holders = new Map();
  ack.abandon = () => {
    missing--;
    check();
  };

  const counted = (clientCount: number): void => {
    missing += clientCount;
    serversHeard++;
    check();
  };
  try {
    namespace._watchAdapter(adapter.broadcastWithAck(packet, options, counted, ack));
  } catch (error) {
    cancel();
    if (!isTooBig(error)) throw error;
    namespace._clock.soon(() => settle(error));
    return;
  }
  adapter.serverCount().then(
    (count) => {
      servers = options.flags?.local === true ? 1 : count;
      check();
    },
    (cause) => namespace._errors.handlerFailed(cause, { namespace, event: "adapter" }),
  );
}

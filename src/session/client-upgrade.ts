// session/ The client's half of an upgrade: `2probe`, `3probe`, the old transport goes quiet, `5` (Engine.IO protocol v4, "Upgrade").
import { VaivenError } from "../errors.js";
import { Outgoing } from "../packet/outgoing.js";
import type { Cancel } from "./platform.js";
import type { ClientTransport, TransportName } from "./transport.js";

/** What an upgrade needs of its session. @internal */
export interface UpgradingClient {
  /** What carries the session now. */
  readonly transport: ClientTransport;
  /** Whether nothing is sent, because the probe was answered and the switch has not happened. */
  isSwitching: boolean;
  /** Makes a transport that joins the session. */
  createTransport(name: TransportName): ClientTransport;
  onUpgrading(candidate: ClientTransport): void;
  /** The old transport has gone quiet; everything from now on goes over `transport`. */
  onUpgrade(transport: ClientTransport): void;
  onUpgradeError(error: VaivenError): void;
  /** The new transport failed behind the point of no return: ends the session. */
  onSwitchFailed(error: VaivenError): void;
}

const PROBE = new Outgoing("2probe");
const CONFIRMATION = new Outgoing("5");

/** Tries one transport of `names` after the other, until the session has gone over to one. The function that is returned gives that up. @internal */
export function upgradeClient(client: UpgradingClient, names: TransportName[]): Cancel {
  let isWanted = true;
  let discard: Cancel = () => {};
  const tryNext = (): void => {
    // Where several are possible, WebTransport is the one that was asked for.
    const [name] = names.splice(Math.max(names.indexOf("webtransport"), 0), 1);
    if (!name || !isWanted) return;
    const candidate = client.createTransport(name);
    let hasEnded = false;
    discard = () => {
      if (!hasEnded) candidate.discard();
      hasEnded = true;
    };
    const fail = (error = new VaivenError("SESSION_PROBE_FAILED", "the new transport closed before the upgrade")) => {
      if (hasEnded) return;
      discard();
      client.onUpgradeError(error);
      // Before the old transport was paused nothing is lost and it goes on; after that only a new session helps.
      if (client.isSwitching) client.onSwitchFailed(error);
      else tryNext();
    };
    const refuse = (): void => fail(new VaivenError("SESSION_PROBE_FAILED", "expected the answer to the probe"));
    const go = (): void => {
      if (hasEnded) return;
      hasEnded = true;
      candidate.send([CONFIRMATION]);
      client.onUpgrade(candidate);
    };
    candidate.sink = {
      onOpen: () => candidate.send([PROBE]),
      onText(packet) {
        if (packet !== "3probe" || client.isSwitching) {
          refuse();
          return;
        }
        client.isSwitching = true;
        const { transport } = client;
        if (transport.pause) transport.pause(go);
        else go();
      },
      onBinary: refuse,
      onWritable() {},
      onClose: fail,
    };
    client.onUpgrading(candidate);
    if (!hasEnded) candidate.open();
  };
  tryNext();
  return () => {
    isWanted = false;
    discard();
  };
}

// session/ The client's half of an upgrade: `2probe`, `3probe`, the old transport goes quiet, `5` (Engine.IO protocol v4, "Upgrade").
import { VaivenError } from "../errors.js";
import { controlPacket } from "../packet/outgoing.js";
import type { ClientTransport, TransportSink } from "./transport.js";

/** What an upgrade needs of its session. */
export interface UpgradingClient {
  switchTo(candidate: ClientTransport): void;
  upgradeFailed(error: VaivenError, paused: boolean): void;
}

const PROBE = controlPacket("ping", "probe");
const CONFIRMATION = controlPacket("upgrade");

/** Listens to the candidate from its opening to the switch, or to its end. */
export class ClientUpgrade implements TransportSink {
  /** Whether the probe was answered: from then on nothing is sent until the switch. */
  switching = false;
  private readonly candidate: ClientTransport;
  private readonly old: ClientTransport;
  private readonly session: UpgradingClient;
  private ended = false;

  constructor(candidate: ClientTransport, old: ClientTransport, session: UpgradingClient) {
    this.candidate = candidate;
    this.old = old;
    this.session = session;
    candidate.sink = this;
  }

  onOpen(): void {
    this.candidate.send([PROBE]);
  }

  onText(packet: string): void {
    if (packet !== "3probe" || this.switching) {
      this.fail(new VaivenError("SESSION_PROBE_FAILED", "expected the answer to the probe"));
      return;
    }
    this.switching = true;
    const go = (): void => {
      if (this.ended) return;
      this.ended = true;
      this.candidate.send([CONFIRMATION]);
      this.session.switchTo(this.candidate);
    };
    if (this.old.pause === undefined) go();
    else this.old.pause(go);
  }

  onBinary(): void {
    this.fail(new VaivenError("SESSION_PROBE_FAILED", "expected the answer to the probe"));
  }

  onWritable(): void {}

  onClose(error: VaivenError | undefined): void {
    this.fail(error ?? new VaivenError("SESSION_PROBE_FAILED", "the new transport closed before the upgrade"));
  }

  /** The session ends or no longer wants the upgrade. */
  abandon(): void {
    this.ended = true;
    this.candidate.discard();
  }

  private fail(error: VaivenError): void {
    if (this.ended) return;
    this.abandon();
    this.session.upgradeFailed(error, this.switching);
  }
}

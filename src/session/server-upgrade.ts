// session/ The server's half of an upgrade: `2probe` is answered `3probe`, then `5` moves the session over (Engine.IO protocol v4, "Upgrade").
import { VaivenError } from "../errors.js";
import { controlPacket } from "../packet/outgoing.js";
import { Deadline, type DeadlineOwner, type Deadlines } from "./deadlines.js";
import { NO_SINK } from "./no-sink.js";
import type { Transport, TransportSink } from "./transport.js";

/** What an upgrade needs of its session. */
export interface UpgradingSession {
  switchTo(candidate: Transport): void;
  releasePoll(): void;
  /** The probe has come and is answered. */
  probed(candidate: Transport): void;
  upgradeFailed(error: VaivenError): void;
}

/**
 * The poll that the client waits for is released behind the answer to its probe, and not with it: a client that hears of the release first polls again, and goes over
 * a round trip later. Who polls again all the same is released again, each time after twice as long, which is no tight loop.
 */
const FIRST_RELEASE_MS = 10;
const LONGEST_RELEASE_MS = 100;

const PROBE_ANSWER = controlPacket("pong", "probe");
PROBE_ANSWER.shared = true;

/** Listens to the candidate from its arrival to the switch, or to its end. */
export class ServerUpgrade implements TransportSink, DeadlineOwner {
  private readonly candidate: Transport;
  private readonly session: UpgradingSession;
  private readonly deadlines: Deadlines;
  private readonly timeout: Deadline;
  private readonly release: Deadline;
  private probed = false;
  private releaseDelay = FIRST_RELEASE_MS;

  constructor(candidate: Transport, session: UpgradingSession, deadlines: Deadlines, timeoutMs: number) {
    this.candidate = candidate;
    this.session = session;
    this.deadlines = deadlines;
    this.timeout = new Deadline(this);
    this.release = new Deadline(this);
    candidate.sink = this;
    deadlines.set(this.timeout, timeoutMs);
  }

  onText(packet: string): void {
    if (packet === "2probe" && !this.probed) {
      this.probed = true;
      this.candidate.send([PROBE_ANSWER]);
      this.releaseLater();
      // Last, because whoever is told may close the session.
      this.session.probed(this.candidate);
    } else if (packet === "5" && this.probed) {
      this.stop();
      this.session.switchTo(this.candidate);
    } else {
      this.fail(new VaivenError("SESSION_PROBE_FAILED", "expected the probe of an upgrade, then its confirmation"));
    }
  }

  onBinary(): void {
    this.fail(new VaivenError("SESSION_PROBE_FAILED", "expected the probe of an upgrade, got bytes"));
  }

  onWritable(): void {}

  onClose(error: VaivenError | undefined): void {
    this.stop();
    this.session.upgradeFailed(
      error ?? new VaivenError("SESSION_PROBE_FAILED", "the new transport closed before the upgrade was confirmed"),
    );
  }

  /** The client polls again although it was released: its half of the probe is still on the way. */
  onPoll(): void {
    if (this.probed && !this.release.pending) this.releaseLater();
  }

  onDeadline(deadline: Deadline): void {
    if (deadline === this.release) this.session.releasePoll();
    else this.fail(new VaivenError("SESSION_PROBE_FAILED", "the upgrade was not confirmed in time"));
  }

  /** The session ends or no longer wants the upgrade. */
  abandon(): void {
    this.stop();
    this.candidate.discard();
  }

  private releaseLater(): void {
    this.deadlines.set(this.release, this.releaseDelay);
    this.releaseDelay = Math.min(2 * this.releaseDelay, LONGEST_RELEASE_MS);
  }

  /** The client, which goes on over the transport that it has, is told by a Close frame. */
  private fail(error: VaivenError): void {
    this.stop();
    this.candidate.sink = NO_SINK;
    this.candidate.close();
    this.session.upgradeFailed(error);
  }

  private stop(): void {
    this.deadlines.clear(this.timeout);
    this.deadlines.clear(this.release);
  }
}

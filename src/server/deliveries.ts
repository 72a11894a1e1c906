// server/ The delivery sessions of one server, by the ids that their clients know (ARCHITECTURE.md, "Between our own two ends").
import type { DeliveryLimits } from "../event/delivery-log.js";
import type { Unchecked } from "../event/event-map.js";
import type { Deadlines } from "../session/deadlines.js";
import type { Client } from "./client.js";
import { DeliveredSocket } from "./delivered-socket.js";
import type { DeliverySession } from "./delivery-session.js";
import type { SessionClaim } from "./envelope.js";
import type { AnyNamespace } from "./namespace.js";
import { Outboxes } from "./outboxes.js";
import type { ServerHost } from "./server.js";
import { SessionAwareAdapter } from "./session-aware-adapter.js";
import type { SessionLossReason } from "./socket-types.js";

/** What the sessions of one server share. */
export interface DeliveryOptions {
  /** Milliseconds that a client may be gone. */
  readonly duration: number;
  readonly limits: DeliveryLimits;
  /** What the logs of all who are away may hold together, as {@link DeliveryLimits.maxBytes} counts. */
  readonly maxAbsentBytes: number;
  /** How many may be away: beyond it the first goes. */
  readonly maxAbsentSessions: number;
  readonly maxOutboxes: number;
}

/** All delivery sessions of a server. */
export class Deliveries {
  readonly deadlines: Deadlines;
  readonly duration: number;
  readonly limits: DeliveryLimits;
  readonly outboxes: Outboxes;
  private readonly host: ServerHost;
  /** Begins every id of this server, so that one which it has forgotten is told from one that it never gave. */
  private readonly tag: string;
  private readonly sessions: Map<string, DeliverySession> = new Map();
  /** In the order in which they were lost. */
  private readonly away: Set<DeliverySession> = new Set();
  private readonly maxAbsentBytes: number;
  private readonly maxAbsentSessions: number;
  /** The bytes of the logs of all who are away. */
  private absentBytes = 0;

  constructor(host: ServerHost, options: DeliveryOptions) {
    const { duration, limits, maxAbsentBytes, maxAbsentSessions, maxOutboxes } = options;
    this.host = host;
    this.deadlines = host.deadlines;
    this.duration = duration;
    this.limits = limits;
    this.maxAbsentBytes = maxAbsentBytes;
    this.maxAbsentSessions = maxAbsentSessions;
    this.outboxes = new Outboxes(maxOutboxes);
    this.tag = `${host.randomId()}.`;
  }

  /** Whether the rooms of `namespace` can hold sockets that are away. */
  serves(namespace: AnyNamespace): boolean {
    return namespace.adapter instanceof SessionAwareAdapter;
  }

  /** A socket for `client`: one that goes on where its last one was, if it claims a session that can be resumed, otherwise a new one. */
  socketFor(
    namespace: AnyNamespace,
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    claim: SessionClaim,
  ): DeliveredSocket {
    const over = this.sessions.get(claim.over as string);
    if (over?.socket.nsp === namespace) over.lose("expired");
    const session = this.sessions.get(claim.pid as string);
    let failure: SessionLossReason | undefined;
    if (session === undefined || session.socket.nsp !== namespace) {
      if (claim.pid !== undefined) failure = claim.pid.startsWith(this.tag) ? "expired" : "unknown session";
    } else if (session.isOld(claim)) failure = "unknown session";
    else {
      failure = session.obstacle(claim);
      if (failure === undefined) {
        return new DeliveredSocket(namespace, client, auth, session.socket.id, this, { session, claim });
      }
      session.lose(failure);
    }
    return new DeliveredSocket(namespace, client, auth, namespace._socketId(client), this, { claim, failure });
  }

  /** A client has gone away. */
  left(session: DeliverySession): void {
    this.away.add(session);
    this.recount(session);
  }

  /** The log of a client that is away has another size: there are limits to how many may be, and to what is kept for them. */
  recount(session: DeliverySession): void {
    this.absentBytes += session.log.bytes - session.countedBytes;
    session.countedBytes = session.log.bytes;
    while (this.absentBytes > this.maxAbsentBytes || this.away.size > this.maxAbsentSessions) {
      for (const oldest of this.away) {
        oldest.lose("overflow");
        break;
      }
    }
  }

  /** A client is back. */
  returned(session: DeliverySession): void {
    if (this.away.delete(session)) this.absentBytes -= session.countedBytes;
    session.countedBytes = 0;
  }

  /** The id of a new session. */
  newPid(): string {
    return this.tag + this.host.randomId();
  }

  /** A session whose client knows its id. */
  add(session: DeliverySession): void {
    this.sessions.set(session.pid, session);
  }

  forget(session: DeliverySession): void {
    this.sessions.delete(session.pid);
    this.returned(session);
  }

  /** The server closes: nobody can come back. */
  close(): void {
    for (const session of [...this.away]) session.lose("server shutting down");
  }
}

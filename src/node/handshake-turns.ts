// node/ `vaiven/websocket`: one opening handshake at a time with each remote host and port (RFC 6455 section 4.1, step 2).
//
//   take ──▶ waits behind those that have one of its remotes ──▶ begin() ──▶ give back: who waits next begins
//
// A name may have several addresses, of which the connection takes one that is not known before. All of them are asked for in one call, so that every
// queue has the same order and nobody waits in a circle.

interface Turn {
  readonly remotes: readonly string[];
  /** How many of its queues it does not lead yet. */
  ahead: number;
  readonly begin: () => void;
}

export class HandshakeTurns {
  private readonly queues: Map<string, Turn[]> = new Map();

  /** How many remotes have a handshake under way. */
  get size(): number {
    return this.queues.size;
  }

  /**
   * Calls `begin` once nobody before it has one of these remotes, which may be at once.
   *
   * @returns gives the turn back, begun or not. To be called when the handshake is over in whatever way; again it does nothing.
   */
  take(remotes: readonly string[], begin: () => void): () => void {
    const turn: Turn = { remotes: [...new Set(remotes)], ahead: 0, begin };
    for (const remote of turn.remotes) {
      const queue = this.queues.get(remote);
      if (queue === undefined) {
        this.queues.set(remote, [turn]);
      } else {
        queue.push(turn);
        turn.ahead++;
      }
    }
    let isGivenBack = false;
    if (turn.ahead === 0) begin();
    return () => {
      if (isGivenBack) return;
      isGivenBack = true;
      this.leave(turn);
    };
  }

  private leave(turn: Turn): void {
    const ready: Turn[] = [];
    for (const remote of turn.remotes) {
      const queue = this.queues.get(remote) ?? [];
      const at = queue.indexOf(turn);
      queue.splice(at, 1);
      const next = queue[0];
      if (next === undefined) this.queues.delete(remote);
      else if (at === 0 && --next.ahead === 0) ready.push(next);
    }
    for (const { begin } of ready) begin();
  }
}

/** Those of this process. */
export const handshakeTurns: HandshakeTurns = new HandshakeTurns();

// server/ Dynamic namespaces: a parent stands for all names that it matches, a child is made when the first client asks for one.
import type { BroadcastOptions } from "../adapter/contract.js";
import type { PendingAck } from "../event/acks.js";
import type { DefaultEventsMap, EventsMap, Unchecked } from "../event/event-map.js";
import type { SocketPacket } from "../packet/socket-packet.js";
import type { Client } from "./client.js";
import type { SessionClaim } from "./envelope.js";
import { InMemoryAdapter } from "./in-memory-adapter.js";
import { type AnyNamespace, type JoinOutcome, Namespace, type NamespaceAdapter } from "./namespace.js";
import type { Server } from "./server.js";

/** Decides whether a name that a client asks for is one of a parent's: `next(null, true)` makes it. */
export type ParentMatcher = (
  name: string,
  auth: { [key: string]: Unchecked },
  next: (error: Error | null, success: boolean) => void,
) => void;

let parents = 0;

/** What `io.of(/…/)` and `io.of(fn)` return: its listeners and middlewares are given to every child, what it sends reaches all of them. */
export class ParentNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = Unchecked,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  /** The namespaces that exist now. */
  readonly children: Set<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> = new Set();

  /** @internal */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) {
    super(server, `/_${parents++}`);
  }

  /** @internal Makes the child `name` and registers it with the server, for a client that asks or for the program. */
  createChild(name: string, isForClient: boolean): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const child = new ChildNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(
      this.server,
      name,
      this,
      isForClient,
    );
    child._middlewares = [...this._middlewares];
    child._refresh = this._refresh;
    child.maxBufferedBytes = this.maxBufferedBytes;
    for (const event of ["connect", "connection", "session_lost", "possible_repeat"] as const) {
      for (const listener of this.listeners(event)) child.on(event, listener as Unchecked);
    }
    this.children.add(child);
    this.server._nsps.set(name, child);
    this.server.sockets.emitReserved("new_namespace", child);
    return child;
  }

  /** @internal */
  override _forgetAck(ack: PendingAck): void {
    for (const child of this.children) child._forgetAck(ack);
  }

  protected override createAdapter(): NamespaceAdapter {
    return new ParentAdapter(this as unknown as ParentNamespace) as Unchecked;
  }
}

/** A namespace that was made because a client asked for it. */
class ChildNamespace<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  private readonly parent: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  private readonly isForClient: boolean;
  /** Clients that have asked to join and have no answer yet. */
  private joining = 0;

  constructor(
    server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    name: string,
    parent: ParentNamespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>,
    isForClient: boolean,
  ) {
    super(server, name);
    this.parent = parent;
    this.isForClient = isForClient;
  }

  /** @internal */
  override _remove(socket: Unchecked): void {
    super._remove(socket);
    this._lookIfEmpty();
  }

  /** @internal A client that waits for the middlewares counts as being in it. */
  override _join(
    client: Client,
    auth: { [key: string]: Unchecked } | undefined,
    outcome: JoinOutcome,
    claim?: SessionClaim,
  ): void {
    this.joining++;
    this.server._dynamic.entered(this);
    const decided: JoinOutcome = {
      onSocket: (socket) => outcome.onSocket(socket),
      onJoined: (socket) => {
        this.joining--;
        outcome.onJoined(socket);
      },
      onRefused: () => {
        this.joining--;
        outcome.onRefused();
        this._lookIfEmpty();
      },
      onGone: () => {
        this.joining--;
        this._lookIfEmpty();
      },
    };
    super._join(client, auth, decided, claim);
  }

  /** @internal With `cleanupEmptyChildNamespaces` the namespace closes when its last socket leaves, or when a client is refused while nobody is in it. */
  override _lookIfEmpty(): void {
    if (this.joining > 0 || this.sockets.size > 0 || this.adapter.absent?.size) return;
    if (this.server._cleansUpChildren) this._letGo();
    else if (this.isForClient) this.server._dynamic.left(this);
  }

  /** @internal */
  _letGo(): void {
    this._askAdapter((adapter) => adapter.close());
    this.parent.children.delete(this);
    if (this.server._nsps.get(this.name) === (this as AnyNamespace)) this.server._nsps.delete(this.name);
  }
}

/** Sends to every child. */
class ParentAdapter extends InMemoryAdapter {
  private readonly parent: ParentNamespace;

  constructor(parent: ParentNamespace) {
    super(parent as Unchecked);
    this.parent = parent;
  }

  override async serverCount(): Promise<number> {
    const counts = await Promise.all(this.adapters().map((adapter) => adapter.serverCount()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  override broadcast(packet: SocketPacket, opts: BroadcastOptions): void {
    for (const adapter of this.adapters()) adapter.broadcast({ ...packet }, opts);
  }

  override broadcastWithAck(
    packet: SocketPacket,
    opts: BroadcastOptions,
    clientCountCallback: (clientCount: number) => void,
    ack: PendingAck,
  ): void {
    for (const adapter of this.adapters()) adapter.broadcastWithAck({ ...packet }, opts, clientCountCallback, ack);
  }

  override async sockets(rooms: Set<string>): Promise<Set<string>> {
    const found = await Promise.all(this.adapters().map((adapter) => adapter.sockets(rooms)));
    return new Set(found.flatMap((ids) => [...ids]));
  }

  override async fetchSockets(opts: BroadcastOptions): Promise<Unchecked[]> {
    const found = await Promise.all(this.adapters().map((adapter) => adapter.fetchSockets(opts)));
    return found.flat();
  }

  override addSockets(opts: BroadcastOptions, rooms: string[]): void {
    for (const adapter of this.adapters()) adapter.addSockets(opts, rooms);
  }

  override delSockets(opts: BroadcastOptions, rooms: string[]): void {
    for (const adapter of this.adapters()) adapter.delSockets(opts, rooms);
  }

  override disconnectSockets(opts: BroadcastOptions, close: boolean): void {
    for (const adapter of this.adapters()) adapter.disconnectSockets(opts, close);
  }

  private adapters(): NamespaceAdapter[] {
    return [...this.parent.children].map((child) => child.adapter);
  }
}

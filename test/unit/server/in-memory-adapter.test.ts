import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BroadcastFlags } from "../../../src/adapter/contract.js";
import type { AdapterNamespace, AdapterSocket } from "../../../src/adapter/namespace-view.js";
import type { AckTable } from "../../../src/event/acks.js";
import type { Outgoing } from "../../../src/packet/outgoing.js";
import { encodePacket, PacketType, type SocketPacket } from "../../../src/packet/socket-packet.js";
import { InMemoryAdapter } from "../../../src/server/in-memory-adapter.js";

class FakeSocket implements AdapterSocket {
  readonly id: string;
  readonly acks: AckTable = new Map();
  readonly got: Outgoing[] = [];
  readonly outgoing: SocketPacket[] = [];
  hasOutgoingListeners = false;
  disconnected: boolean | undefined;
  private readonly adapter: () => InMemoryAdapter;

  constructor(id: string, adapter: () => InMemoryAdapter) {
    this.id = id;
    this.adapter = adapter;
  }

  deliver(packet: Outgoing): void {
    this.got.push(packet);
  }

  notifyOutgoingListeners(packet: SocketPacket): void {
    this.outgoing.push(packet);
  }

  join(rooms: string | string[]): void {
    this.adapter().addAll(this.id, new Set(rooms));
  }

  leave(room: string): void {
    this.adapter().del(this.id, room);
  }

  disconnect(close?: boolean): void {
    this.disconnected = close === true;
    this.adapter().delAll(this.id);
    this.adapter().nsp.sockets.delete(this.id);
  }
}

function setUp(...ids: string[]) {
  let encoded = 0;
  const sockets = new Map<string, FakeSocket>();
  const nsp: AdapterNamespace = {
    name: "/n",
    sockets,
    _ids: 5,
    encode: (packet, options) => {
      encoded++;
      return encodePacket(packet, options);
    },
  };
  const adapter: InMemoryAdapter = new InMemoryAdapter(nsp);
  for (const id of ids) {
    sockets.set(id, new FakeSocket(id, () => adapter));
    adapter.addAll(id, new Set([id]));
  }
  const event = (): SocketPacket => ({ type: PacketType.EVENT, nsp: "", data: ["e", 1] });
  const reached = (rooms: string[], except: string[] = [], flags: BroadcastFlags = {}): string[] => {
    for (const socket of sockets.values()) socket.got.length = 0;
    adapter.broadcast(event(), { rooms: new Set(rooms), except: new Set(except), flags });
    return [...sockets.values()].flatMap((socket) => socket.got.map(() => socket.id));
  };
  return { adapter, nsp, sockets, event, reached, encodings: () => encoded };
}

describe("rooms", () => {
  it("are made with the first member and let go with the last", () => {
    const { adapter, sockets } = setUp("a", "b");
    adapter.addAll("a", new Set(["r", "s"]));
    adapter.addAll("b", new Set(["r"]));
    expect(adapter.rooms.get("r")).toEqual(new Set(["a", "b"]));
    expect(adapter.socketRooms("a")).toEqual(new Set(["a", "r", "s"]));
    adapter.del("a", "r");
    adapter.del("a", "never joined");
    adapter.delAll("b");
    sockets.delete("b");
    expect([...adapter.rooms.keys()].sort()).toEqual(["a", "s"]);
    expect(adapter.socketRooms("b")).toBeUndefined();
  });

  it("tell of their birth and end, and of who comes and goes", () => {
    const { adapter } = setUp();
    const seen: unknown[] = [];
    for (const name of ["create-room", "delete-room", "join-room", "leave-room"] as const) {
      adapter.on(name, (...args: unknown[]) => seen.push([name, ...args]));
    }
    adapter.addAll("a", new Set(["r"]));
    adapter.addAll("a", new Set(["r"]));
    adapter.addAll("b", new Set(["r"]));
    adapter.del("a", "r");
    adapter.delAll("b");
    expect(seen).toEqual([
      ["create-room", "r"],
      ["join-room", "r", "a"],
      ["join-room", "r", "b"],
      ["leave-room", "r", "a"],
      ["leave-room", "r", "b"],
      ["delete-room", "r"],
    ]);
  });
});

describe("a broadcast", () => {
  it("without rooms reaches everybody but the excepted", () => {
    const { adapter, reached } = setUp("a", "b", "c", "d");
    adapter.addAll("c", new Set(["x"]));
    expect(reached([])).toEqual(["a", "b", "c", "d"]);
    expect(reached([], ["a"])).toEqual(["b", "c", "d"]);
    expect(reached([], ["a", "x"])).toEqual(["b", "d"]);
    expect(reached([], ["nobody"])).toEqual(["a", "b", "c", "d"]);
  });

  it("to several rooms reaches each member once", () => {
    const { adapter, reached } = setUp("a", "b", "c");
    adapter.addAll("a", new Set(["r", "s"]));
    adapter.addAll("b", new Set(["s"]));
    expect(reached(["r", "s", "none"])).toEqual(["a", "b"]);
    expect(reached(["none"])).toEqual([]);
  });

  it("is encoded once, in the name of the namespace, and marked as shared", () => {
    const { adapter, sockets, encodings, reached } = setUp("a", "b");
    void adapter;
    reached([], [], { volatile: true, compress: false });
    const packets = [...sockets.values()].map((socket) => socket.got[0]);
    expect(packets[0]).toBe(packets[1]);
    expect(packets[0]).toMatchObject({ head: '42/n,["e",1]', shared: true, volatile: true, compress: false });
    expect(encodings()).toBe(1);
  });

  it("tells listeners of what goes out, of those who have any", () => {
    const { sockets, reached } = setUp("a", "b");
    const a = sockets.get("a") as FakeSocket;
    a.hasOutgoingListeners = true;
    reached([]);
    expect(a.outgoing.map(({ data }) => data)).toEqual([["e", 1]]);
    expect(sockets.get("b")?.outgoing).toEqual([]);
  });

  it("with acknowledgement takes an id of the namespace and asks every receiver", () => {
    const { adapter, nsp, sockets, event } = setUp("a", "b", "c");
    const answers: unknown[] = [];
    let count = -1;
    adapter.broadcastWithAck(
      event(),
      { rooms: new Set(["a", "b"]) },
      (clients) => {
        count = clients;
      },
      (answer) => answers.push(answer),
    );
    expect(count).toBe(2);
    expect(nsp._ids).toBe(6);
    expect(sockets.get("a")?.got[0]?.head).toBe('42/n,5["e",1]');
    expect(sockets.get("c")?.acks.size).toBe(0);
    sockets.get("a")?.acks.get(5)?.("hello");
    expect(answers).toEqual(["hello"]);
  });

  it("reaches exactly the union of its rooms less the excepted, whatever came before and whoever looked", () => {
    const ids = ["a", "b", "c", "d"];
    const rooms = ["r", "s", "t"];
    const step = fc.record({
      id: fc.constantFrom(...ids),
      room: fc.constantFrom(...rooms, ...ids),
      what: fc.constantFrom("join", "leave", "leave all", "look at one", "look"),
    });
    const some = fc.subarray([...ids, ...rooms]);
    fc.assert(
      fc.property(fc.array(step), some, some, (steps, to, except) => {
        const { adapter, reached, sockets } = setUp(...ids);
        const model = new Map(ids.map((id) => [id, new Set([id])]));
        for (const { id, room, what } of steps) {
          const mine = model.get(id) as Set<string>;
          if (!sockets.has(id)) continue;
          if (what === "join") {
            adapter.addAll(id, new Set([room]));
            mine.add(room);
          } else if (what === "leave") {
            adapter.del(id, room);
            mine.delete(room);
          } else if (what === "leave all") {
            // Its socket goes too, as it does when it is disconnected.
            adapter.delAll(id);
            sockets.delete(id);
            mine.clear();
          } else if (what === "look at one") expect(adapter.socketRooms(id) ?? new Set()).toEqual(mine);
          else expect(adapter.rooms).toBe(adapter.rooms);
        }
        const inAny = (id: string, list: string[]): boolean => list.some((room) => model.get(id)?.has(room) === true);
        const expected = [...sockets.keys()].filter((id) => (to.length === 0 || inAny(id, to)) && !inAny(id, except));
        expect(reached(to, except).sort()).toEqual(expected);
        const all = [...model].filter(([, joined]) => joined.size > 0);
        expect(Object.fromEntries([...adapter.sids].filter(([, joined]) => joined.size > 0))).toEqual(
          Object.fromEntries(all),
        );
        const names = new Set(all.flatMap(([, joined]) => [...joined]));
        const byRoom = [...names].map((room) => [
          room,
          new Set(all.filter(([, joined]) => joined.has(room)).map(([id]) => id)),
        ]);
        expect(Object.fromEntries(adapter.rooms)).toEqual(Object.fromEntries(byRoom));
      }),
    );
  });
});

describe("sockets of a choice", () => {
  it("are found, moved and disconnected", async () => {
    const { adapter, sockets } = setUp("a", "b", "c");
    adapter.addSockets({ rooms: new Set(["a", "b"]) }, ["r"]);
    expect(await adapter.sockets(new Set(["r"]))).toEqual(new Set(["a", "b"]));
    adapter.delSockets({ rooms: new Set(["r"]), except: new Set(["b"]) }, ["r"]);
    expect((await adapter.fetchSockets({ rooms: new Set(["r"]) })).map(({ id }) => id)).toEqual(["b"]);
    const all = [...sockets.values()];
    adapter.disconnectSockets({ rooms: new Set(), except: new Set(["a"]) }, true);
    expect(all.map(({ disconnected }) => disconnected)).toEqual([undefined, true, true]);
    expect([...adapter.rooms.keys()]).toEqual(["a"]);
  });
});

import { describe, expect, it } from "vitest";
import { memoryServer } from "./fake-connection.js";

const OURS = '0{"vaiven":{"v":1,"caps":["drain"]}}';

describe("a server that leaves", () => {
  it("spreads the return of our clients evenly over the drain, and tells stock clients nothing", async () => {
    const { io, connect } = memoryServer();
    const connections = [OURS, "0", OURS, OURS, OURS].map((hello) => {
      const connection = connect();
      connection.receive(hello);
      connection.take();
      return connection;
    });
    // One connection is told once, however many namespaces it is in.
    io.of("/other");
    connections[0]?.receive("0/other,");
    connections[0]?.take();
    const closed = io.close({ drain: 10_000 });
    expect(connections.map((connection) => connection.take())).toEqual([
      ['7["return",2500]'],
      [],
      ['7["return",5000]'],
      ['7["return",7500]'],
      ['7["return",10000]'],
    ]);
    await closed;
  });

  it("tells nobody without a drain", async () => {
    const { io, connect } = memoryServer();
    const connection = connect();
    connection.receive(OURS);
    connection.take();
    await io.close();
    expect(connection.take()).toEqual([]);
  });

  it("refuses a drain that is no time", async () => {
    await expect(memoryServer().io.close({ drain: -1 })).rejects.toMatchObject({ code: "API_INVALID_OPTION" });
  });
});

import { describe, expect, it } from "vitest";
import { ConnectionLimits, countedAddress } from "../../../src/server/connection-limits.js";
import type { EngineConnection } from "../../../src/server/engine-connection.js";

const NONE = {
  maxConnections: Number.POSITIVE_INFINITY,
  maxPollingConnections: Number.POSITIVE_INFINITY,
  maxConnectionsPerAddress: Number.POSITIVE_INFINITY,
};

function connectionFrom(remoteAddress: string | undefined, name = "websocket"): EngineConnection {
  return { remoteAddress, session: { transport: { name } } } as unknown as EngineConnection;
}

describe("the limits of connections", () => {
  it("count by address, and count down", () => {
    const limits = new ConnectionLimits({ ...NONE, maxConnectionsPerAddress: 2 });
    const connections = [connectionFrom("10.0.0.1"), connectionFrom("10.0.0.1")];
    for (const connection of connections) {
      expect(limits.refuse("10.0.0.1", false)).toBeUndefined();
      limits.opened(connection);
    }
    expect(limits.refuse("10.0.0.1", false)).toMatchObject({
      code: "HTTP_TOO_MANY_CONNECTIONS",
      httpStatus: 429,
      detail: { name: "maxConnectionsPerAddress", limit: 2, address: "10.0.0.1" },
    });
    expect(limits.refuse("10.0.0.2", false)).toBeUndefined();
    for (const connection of connections) {
      limits.closed(connection);
      limits.closed(connection);
    }
    expect(limits.countOf("10.0.0.1")).toBe(0);
    expect(limits.refuse("10.0.0.1", false)).toBeUndefined();
  });

  it("remember the address of a socket that has forgotten it", () => {
    const limits = new ConnectionLimits({ ...NONE, maxConnectionsPerAddress: 1 });
    const connection = connectionFrom("10.0.0.1");
    limits.opened(connection);
    Object.assign(connection, { remoteAddress: undefined });
    limits.closed(connection);
    expect(limits.countOf("10.0.0.1")).toBe(0);
  });

  it("count those that poll until they upgrade", () => {
    const limits = new ConnectionLimits({ ...NONE, maxPollingConnections: 1 });
    const connection = connectionFrom("a", "polling");
    limits.opened(connection);
    expect(limits.refuse("b", true)?.detail).toEqual({ name: "maxPollingConnections", limit: 1 });
    expect(limits.refuse("b", false)).toBeUndefined();
    limits.upgraded(connection);
    limits.upgraded(connection);
    expect(limits.pollingCount).toBe(0);
    limits.closed(connection);
    expect(limits.pollingCount).toBe(0);
  });

  it("count down for one that leaves while it polls", () => {
    const limits = new ConnectionLimits({ ...NONE, maxPollingConnections: 1 });
    const connection = connectionFrom("a", "polling");
    limits.opened(connection);
    limits.closed(connection);
    expect(limits.pollingCount).toBe(0);
    expect(limits.refuse("b", true)).toBeUndefined();
  });

  it("count all of them", () => {
    const limits = new ConnectionLimits({ ...NONE, maxConnections: 1 });
    limits.opened(connectionFrom(undefined));
    expect(limits.refuse("b", false)).toMatchObject({ httpStatus: 503, detail: { name: "maxConnections", limit: 1 } });
  });
});

describe("an address", () => {
  const same = [
    ["2001:db8:1:2::1", "2001:DB8:1:2:ffff:ffff:ffff:ffff"],
    ["::1", "0:0:0:0:0:0:0:2"],
    ["fe80::1%eth0", "fe80:0:0:0::2"],
    ["10.0.0.1", "::ffff:10.0.0.1"],
    ["10.0.0.1", "0:0:0:0:0:ffff:10.0.0.1"],
    ["2001:db8::1", "2001:0db8:0:0:5::"],
  ] as const;
  for (const [one, other] of same) {
    it(`${one} counts with ${other}`, () => {
      expect(countedAddress(one)).toBe(countedAddress(other));
    });
  }

  const different = [
    ["2001:db8:1:2::1", "2001:db8:1:3::1"],
    ["10.0.0.1", "10.0.0.2"],
    ["::1", "1::"],
  ] as const;
  for (const [one, other] of different) {
    it(`${one} does not count with ${other}`, () => {
      expect(countedAddress(one)).not.toBe(countedAddress(other));
    });
  }
});

// The client's session over transports that a test makes.
import { Engine, type EngineOwner } from "../../src/client/engine.js";
import type { ClientHost, ClientPlatform, ClientTransportClass } from "../../src/session/client-host.js";
import { upgradeClient } from "../../src/session/client-upgrade.js";
import type { FlushQueue } from "../../src/session/flush-queue.js";
import type { ClientTransport, TransportName } from "../../src/session/transport.js";
import type { FakePlatform } from "./fake-platform.js";

export interface EngineOptions {
  readonly transports: readonly TransportName[];
  readonly upgrade: boolean;
  readonly tryAllTransports: boolean;
  readonly createTransport: (name: TransportName, sid: string | undefined) => ClientTransport;
}

/** An engine that was not opened yet. */
export function engineOf(
  { transports, upgrade, tryAllTransports, createTransport }: EngineOptions,
  platform: FakePlatform,
  flushQueue: FlushQueue,
  owner: EngineOwner,
): Engine {
  const classOf = (name: TransportName): ClientTransportClass => {
    function Transport({ sid }: { sid: string | undefined }): ClientTransport {
      return createTransport(name, sid);
    }
    Transport.prototype.name = name;
    return Transport as unknown as ClientTransportClass;
  };
  const settings = {
    transports: Object.fromEntries(transports.map((name) => [name, classOf(name)])),
    upgrade,
    tryAllTransports,
    rememberUpgrade: false,
    optionsFor: () => ({}) as never,
  };
  const host = { flushQueue, upgrade: upgradeClient, userBytes: (bytes) => bytes } as Partial<ClientHost> as ClientHost;
  return new Engine(host, Object.assign(platform, { random: () => 0.5 }) as ClientPlatform, settings, owner);
}

// browser/full/ Which transports carry the sessions of the browser files: the options `transports`, `tryAllTransports`, `rememberUpgrade`.
import { VaivenError } from "../../errors.js";
import type { Engine } from "../compact/engine.js";
import { type Sink, type Transport, WebSocketTransport } from "../compact/websocket.js";
import { XHR } from "./polling.js";

/** A transport by class. Its prototype carries the name. */
export interface TransportClass {
  new (engine: Engine, sink: Sink, choices: readonly TransportClass[]): Transport;
  readonly prototype: { readonly name: string };
}

/** The engine before. */
let last: Engine | undefined;

/** Opens the transports that the options choose, one after the other, until one carries the session. @internal */
export function openTransport(engine: Engine): Transport {
  const { opts } = engine;
  // Which an upgrade may have changed since.
  const isRemembered = last && last._handshake && last.transport.name === "websocket";
  last = engine;
  const byName: Record<string, TransportClass | undefined> = {
    polling: typeof XMLHttpRequest === "undefined" ? undefined : XHR,
    websocket: WebSocketTransport,
  };
  const choices = (opts.transportImplementations || opts.transports || Object.keys(byName))
    .map((choice) => (typeof choice === "string" ? byName[choice] : choice))
    .filter(Boolean) as TransportClass[];
  const isWebSocket = ({ prototype }: TransportClass): boolean => prototype.name === "websocket";
  const untried = choices.slice();
  if (opts.rememberUpgrade && isRemembered) untried.sort((a, b) => +isWebSocket(b) - +isWebSocket(a));
  const { tryAllTransports = untried.findIndex(isWebSocket) === 0 } = opts;
  const open = (): Transport => {
    const Choice = untried.shift();
    if (!Choice) {
      setTimeout(() =>
        engine._end("transport error", new VaivenError("API_INVALID_OPTION", "No transports available")),
      );
      // None: it has no connection.
      return Object.create(WebSocketTransport.prototype);
    }
    let hasEnded = false;
    const transport: Transport = new Choice(
      engine,
      {
        _onPacket(packet) {
          if (!hasEnded) engine._onPacket(packet);
        },
        _end(reason, description) {
          if (hasEnded) return;
          if (engine.readyState !== "opening" || !tryAllTransports || !untried.length) {
            engine._end(reason, description);
            return;
          }
          hasEnded = true;
          transport._finish();
          engine.transport = open();
        },
      },
      choices,
    );
    return transport;
  };
  return open();
}

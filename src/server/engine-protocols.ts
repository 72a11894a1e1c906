// server/ Engine.IO 3 beside 4, and clients that take no bytes: which codec carries a session (Engine.IO protocol v3 and v4, "Encoding").
import { type PollingPayloads, type PollingSettings, PollingTransport } from "../http/polling-transport.js";
import type { EngineQuery } from "../http/target.js";
import { EngineV3Codec } from "../packet/engine-v3.js";
import { base64Messages, type MessageForm, PROTOCOL_3_MESSAGES } from "../packet/message-form.js";
import type { PayloadReceiver } from "../packet/payload.js";
import { RewritingTransport } from "../session/rewriting-transport.js";
import type { Transport } from "../session/transport.js";
import type { EngineSettings } from "./engine-options.js";
import type { EngineHost } from "./host.js";

/** The protocol that a verified handshake speaks. */
export function protocolOf({ protocol }: EngineQuery): 3 | 4 {
  return protocol === "4" ? 4 : 3;
}

/** Makes the transports of one engine's sessions. */
export class EngineProtocols {
  private readonly host: EngineHost;
  private readonly version4: PollingSettings;
  private readonly version3: PollingSettings;
  private readonly version3AsText: PollingSettings;

  constructor(host: EngineHost, { session, compressFrom }: Pick<EngineSettings, "session" | "compressFrom">) {
    const { platform, flushQueue } = host;
    const settings = (payloads: PollingPayloads): PollingSettings =>
      Object.freeze({ maxBodyBytes: session.maxPayload, compressFrom, payloads, platform, flushQueue });
    this.host = host;
    this.version4 = settings(host.payloads);
    const codec = new EngineV3Codec(platform);
    const reading = {
      read: (payload: string, receiver: PayloadReceiver) => codec.readText(payload, receiver),
      readBytes: (payload: Uint8Array, receiver: PayloadReceiver) => codec.readBytes(payload, receiver),
    };
    this.version3 = settings({ ...reading, write: (batch) => codec.write(batch) });
    this.version3AsText = settings({ ...reading, write: (batch) => codec.writeText(batch) });
  }

  /** The transport of a new session over polling. */
  polling(query: EngineQuery): PollingTransport {
    const asText = query.jsonp !== undefined || query.base64 !== undefined;
    const version3 = asText ? this.version3AsText : this.version3;
    return new PollingTransport(protocolOf(query) === 4 ? this.version4 : version3, query.jsonp);
  }

  /** A transport of messages, in the form that the client takes. */
  messages(transport: Transport, protocol: 3 | 4, query: EngineQuery): Transport {
    const form = this.formOf(protocol, query);
    return form === undefined ? transport : new RewritingTransport(transport, form);
  }

  private formOf(protocol: 3 | 4, { base64 }: EngineQuery): MessageForm | undefined {
    if (base64 !== undefined) return base64Messages(protocol, this.host.platform);
    return protocol === 3 ? PROTOCOL_3_MESSAGES : undefined;
  }
}

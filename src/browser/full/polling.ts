// browser/full/ HTTP long-polling as a transport of the browser files (Engine.IO protocol v4, "HTTP long-polling"): one GET and one POST at a time. And the
// way over to WebSocket: `2probe`, `3probe`, polling goes quiet, `5` ("Upgrade").
import { VaivenError } from "../../errors.js";
import { type TransportError, transportError } from "../../http/client-request.js";
import { type Engine, optionsOf, urlOf } from "../compact/engine.js";
import type { Options } from "../compact/options.js";
import type { BinaryMessage } from "../compact/parser.js";
import type { Sink, Transport } from "../compact/websocket.js";
import { bytesOf } from "../packet-codec.js";
import { base64Of } from "../payload-codec.js";
import { headersOf, xhrRequest } from "../xhr-request.js";
import type { TransportClass } from "./transports.js";

const SEPARATOR = "\u001e";

/** Ends a request. Nobody listens any more to what comes of it. @internal */
export type Abort = () => void;

/** Polling. Subclasses make the requests. */
export abstract class Polling implements Transport {
  protected readonly opts: Options;
  private readonly engine: Engine;
  private readonly sink: Sink;
  private readonly choices: readonly TransportClass[];
  private readonly unsent: (string | BinaryMessage | Blob)[] = [];
  private abortGet: Abort | undefined;
  private abortPost: Abort | undefined;
  private isPosting = false;
  private hasEnded = false;
  /** The server is to be told of the end, in a request of its own. */
  private owesClose = false;
  /** Polling goes quiet: nothing is asked or sent any more. */
  private whenQuiet: (() => void) | undefined;
  /** Gives the way over to another transport up. */
  private giveUp: (() => void) | undefined;

  constructor(engine: Engine, sink: Sink, choices: readonly TransportClass[]) {
    this.engine = engine;
    this.sink = sink;
    this.choices = choices;
    this.opts = Object.assign({ timestampRequests: true }, optionsOf(engine.opts, "polling"));
    this.poll();
  }

  get name(): string {
    return "polling";
  }

  /** Makes one request: a POST where there is a `body`. `done` is called with the text of a 200, or with an error. @internal */
  protected abstract makeRequest(
    url: string,
    body: string | undefined,
    done: (text: string, error?: TransportError) => void,
  ): Abort;

  /** @internal */
  _send(packet: string | BinaryMessage): void {
    this.unsent.push(packet);
  }

  /** @internal */
  _flush(): boolean {
    this.post();
    return false;
  }

  /** @internal */
  _finish(reason?: string): void {
    this.hasEnded = true;
    this.whenQuiet = undefined;
    if (this.giveUp) this.giveUp();
    // A server that must know is told behind what waits. Until then the request that it holds is left to it: with it, it would let go of the session.
    this.owesClose = !!this.engine.id && /^(forced|parse)/.test(reason as string);
    if (this.owesClose) this.post();
    else this.abortAll();
  }

  private abortAll(): void {
    if (this.abortGet) this.abortGet();
    if (this.abortPost) this.abortPost();
  }

  private poll(): void {
    const { engine, sink } = this;
    const isFirst = !engine.id;
    this.abortGet = this.ask(undefined, (text) => {
      this.abortGet = undefined;
      for (const packet of text.split(SEPARATOR)) sink._onPacket(packet);
      if (isFirst) this.offerUpgrade();
      this.goOn();
    });
  }

  /** Posts the longest beginning of what waits that one payload is sure to hold, and at least one packet. */
  private post(): void {
    const { unsent, engine } = this;
    const { maxPayload = 0 } = engine._handshake;
    if (this.isPosting || this.whenQuiet) return;
    if (this.owesClose && !unsent.length) {
      this.owesClose = false;
      unsent.push("1");
    }
    let count = 0;
    // At most three bytes a character, and Base64 is less.
    for (let size = 0; count < unsent.length; count++) {
      size += 3 * lengthOf(unsent[count]);
      if (count && maxPayload && size > maxPayload) break;
    }
    if (!count) {
      if (this.hasEnded) this.abortAll();
      else engine._onDrain();
      return;
    }
    this.isPosting = true;
    Promise.all(unsent.splice(0, count).map(textOf)).then(
      (texts) => {
        this.abortPost = this.ask(texts.join(SEPARATOR), () => {
          this.isPosting = false;
          this.abortPost = undefined;
          if (this.whenQuiet) this.goOn();
          else this.post();
        });
      },
      (error) => this.sink._end("transport error", transportError("blob", error)),
    );
  }

  private ask(body: string | undefined, done: (text: string) => void): Abort {
    return this.makeRequest(urlOf("http", this.name, this.engine, this.opts), body, (text, error) => {
      if (error) this.sink._end("transport error", error);
      else done(text);
    });
  }

  private goOn(): void {
    if (this.hasEnded || this.abortGet) return;
    if (!this.whenQuiet) this.poll();
    else if (!this.isPosting) this.whenQuiet();
  }

  private offerUpgrade(): void {
    const { engine, unsent } = this;
    const { upgrades = [] } = engine._handshake || {};
    const Candidate = this.choices.find(({ prototype }) => upgrades.indexOf(prototype.name) >= 0);
    if (!Candidate || engine.opts.upgrade === false || this.hasEnded) return;
    let isOver = false;
    const fail = (_reason?: string, error: unknown = new VaivenError("SESSION_PROBE_FAILED", "")): void => {
      if (isOver) return;
      isOver = true;
      candidate._finish();
      engine.emit("upgradeError", error);
      // The server goes on over polling until it has the confirmation.
      if (this.whenQuiet) {
        this.whenQuiet = undefined;
        this.goOn();
        this.post();
      }
    };
    const candidate = new Candidate(
      engine,
      {
        _onUsable: () => candidate._send("2probe"),
        _onPacket: (packet) => {
          if (engine.transport === candidate) engine._onPacket(packet);
          else if (packet !== "3probe") fail();
          else {
            engine.emit("upgrading", candidate);
            this.whenQuiet = () => {
              isOver = true;
              candidate._send("5");
              engine.transport = candidate;
              for (const each of unsent) candidate._send(each as string);
              engine.emit("upgrade", candidate);
              engine._onDrain();
            };
            this.goOn();
          }
        },
        _end: (reason, description) => {
          if (engine.transport === candidate) engine._end(reason, description);
          else fail(reason, description);
        },
      },
      [],
    );
    this.giveUp = fail;
  }
}

/** Characters of a text, bytes of whatever else. @internal */
export function lengthOf(message: unknown): number {
  const { length, size = length, byteLength = size } = message as Blob & ArrayBufferView & string;
  return byteLength;
}

/** A packet as text, bytes as `b<base64>`; those of a Blob are there later. */
function textOf(packet: string | BinaryMessage | Blob): string | Promise<string> {
  if (typeof packet === "string") return packet;
  const bytes = bytesOf(packet);
  if (bytes) return base64Of(bytes);
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    // `data:<type>;base64,<bytes>`; of an empty one some browsers say `data:`.
    reader.onload = () => resolve((reader.result as string).replace(/^[^,]*,?/, "b"));
    reader.onerror = reject;
    reader.readAsDataURL(packet as Blob);
  });
}

/** Polling by XMLHttpRequest, which every page has. */
export class XHR extends Polling {
  protected makeRequest(
    url: string,
    body: string | undefined,
    done: (text: string, error?: TransportError) => void,
  ): Abort {
    return xhrRequest(url, body, this.opts, done);
  }
}

/** Polling by `fetch`, for workers that have no XMLHttpRequest. */
export class Fetch extends Polling {
  protected makeRequest(
    url: string,
    body: string | undefined,
    done: (text: string, error?: TransportError) => void,
  ): Abort {
    const { withCredentials, requestTimeout } = this.opts;
    const aborter = new AbortController();
    const abort = (): void => aborter.abort();
    // On one that is over it has no effect.
    if (requestTimeout) setTimeout(abort, requestTimeout);
    fetch(url, {
      method: body ? "POST" : "GET",
      headers: headersOf(this.opts, body),
      body: body as string,
      credentials: withCredentials ? "include" : "omit",
      signal: aborter.signal,
    })
      .then((response) => {
        if (response.status !== 200) throw response.status;
        return response.text();
      })
      .then(done, (description) => done("", transportError(`fetch ${body ? "post" : "poll"} error`, description)));
    return abort;
  }
}

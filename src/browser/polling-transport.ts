// browser/ Requests of the polling transport by XMLHttpRequest, which every page has. `Fetch`, for workers that have it not, is for programs that ask for it.
import { transportError } from "../http/client-request.js";
import { PollingClient, type PollingCodec, type RequestDone } from "../http/polling-client.js";
import type { Cancel } from "../session/platform.js";
import { readPayload, writePayload } from "./payload-codec.js";
import { headersOf, xhrRequest } from "./xhr-request.js";

abstract class BrowserPolling extends PollingClient {
  protected readonly payload: PollingCodec = CODEC;
}

const CODEC: PollingCodec = { write: writePayload, read: readPayload };

/** Polling by XMLHttpRequest. */
export class XHR extends BrowserPolling {
  protected request(url: string, body: string | undefined, done: RequestDone): Cancel {
    return xhrRequest(url, body, this.context.options, (text, error) => done(error, text));
  }
}

/** Polling by `fetch`. */
export class Fetch extends BrowserPolling {
  protected request(url: string, body: string | undefined, done: RequestDone): Cancel {
    const { requestTimeout, withCredentials } = this.context.options;
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      stopTimer();
      if (aborter) aborter.abort();
    };
    const finish = (text: string | undefined, description?: unknown): void => {
      if (isOver) return;
      stop();
      if (text === undefined) done(transportError(`fetch ${body ? "post" : "poll"} error`, description), "");
      else done(undefined, text);
    };
    const stopTimer = this.context.platform.after(requestTimeout || NEVER_MS, () => finish(undefined, 0));
    const init: RequestInit = {
      method: body ? "POST" : "GET",
      headers: headersOf(this.context.options, body),
      credentials: withCredentials ? "include" : "omit",
      cache: "no-store",
    };
    if (body) init.body = body;
    // Younger than fetch; without it the answer is only not looked at.
    const aborter = typeof AbortController === "undefined" ? undefined : new AbortController();
    if (aborter) init.signal = aborter.signal;
    fetch(url, init)
      .then((response) => {
        if (response.status !== 200) throw response.status;
        return response.text();
      })
      .then(finish, (description) => finish(undefined, description));
    return stop;
  }
}

/** The longest delay that timers have. A poll is answered long before, by the server's ping. */
const NEVER_MS = 0x7fffffff;

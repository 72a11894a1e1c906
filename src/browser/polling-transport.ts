// browser/ Requests of the polling transport: XMLHttpRequest where it exists (every page, jsdom), fetch where it does not (service workers).
import type { VaivenError } from "../errors.js";
import { transportError } from "../http/client-request.js";
import { PollingClient, type RequestDone } from "../http/polling-client.js";
import type { Cancel } from "../session/platform.js";

/** Polling by XMLHttpRequest. */
export class XHR extends PollingClient {
  protected request(url: string, body: string | undefined, done: RequestDone): Cancel {
    const { requestTimeout, withCredentials, extraHeaders } = this.context.options;
    const xhr = new XMLHttpRequest();
    const headers = headersOf(body, extraHeaders);
    xhr.open(methodOf(body), url);
    for (const name of Object.keys(headers)) xhr.setRequestHeader(name, headers[name] as string);
    xhr.withCredentials = withCredentials === true;
    xhr.timeout = requestTimeout;
    xhr.onloadend = () => {
      if (xhr.status === 200) done(undefined, xhr.responseText);
      else done(failure("xhr", body, xhr.status, xhr), "");
    };
    xhr.send(body ?? null);
    return () => {
      xhr.onloadend = null;
      xhr.abort();
    };
  }
}

/** Polling by `fetch`. */
export class Fetch extends PollingClient {
  protected request(url: string, body: string | undefined, done: RequestDone): Cancel {
    const { requestTimeout, withCredentials, extraHeaders } = this.context.options;
    let finish = (error: VaivenError | undefined, text: string): void => {
      stop();
      done(error, text);
    };
    const fail = (description: unknown): void => finish(failure("fetch", body, description, undefined), "");
    const stopTimer = this.context.platform.after(requestTimeout || NEVER_MS, () => fail(0));
    const init: RequestInit = {
      method: methodOf(body),
      headers: headersOf(body, extraHeaders),
      credentials: withCredentials ? "include" : "omit",
      cache: "no-store",
    };
    if (body !== undefined) init.body = body;
    // Younger than fetch; without it the answer is only not looked at.
    const aborter = typeof AbortController === "undefined" ? undefined : new AbortController();
    if (aborter) init.signal = aborter.signal;
    const stop = (): void => {
      finish = () => {};
      stopTimer();
      if (aborter) aborter.abort();
    };
    fetch(url, init)
      .then((response) => {
        if (response.status !== 200) throw response.status;
        return response.text();
      })
      .then((text) => finish(undefined, text), fail);
    return stop;
  }
}

/** The longest delay that timers have. A poll is answered long before, by the server's ping. */
const NEVER_MS = 0x7fffffff;

function methodOf(body: string | undefined): string {
  return body === undefined ? "GET" : "POST";
}

function headersOf(
  body: string | undefined,
  extra: Readonly<Record<string, string>> | undefined,
): Record<string, string> {
  // A type that needs no preflight request to another origin.
  return Object.assign(body === undefined ? {} : { "Content-Type": "text/plain;charset=UTF-8" }, extra);
}

function failure(kind: string, body: string | undefined, description: unknown, context: unknown): VaivenError {
  return transportError(`${kind} ${body === undefined ? "poll" : "post"} error`, description, context);
}

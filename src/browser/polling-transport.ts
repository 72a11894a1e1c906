// browser/ Requests of the polling transport: XMLHttpRequest where it exists (every page), fetch where it does not (service workers).
import type { VaivenError } from "../errors.js";
import { transportError } from "../http/client-request.js";
import { PollingClient, type SendRequest } from "../http/polling-client.js";
import type { Cancel } from "../session/platform.js";

const TEXT = "text/plain;charset=UTF-8";

/** Polling by XMLHttpRequest. */
export class XHR extends PollingClient {
  protected request(...args: Parameters<SendRequest>): Cancel {
    const [url, body, done] = args;
    const { requestTimeout, withCredentials, extraHeaders } = this.context.options;
    const xhr = new XMLHttpRequest();
    xhr.open(body === undefined ? "GET" : "POST", url);
    for (const [name, value] of headers(body, extraHeaders)) xhr.setRequestHeader(name, value);
    xhr.withCredentials = withCredentials;
    xhr.timeout = requestTimeout;
    xhr.onloadend = () => {
      const { status } = xhr;
      if (status === 200) done(undefined, xhr.responseText);
      else done(failure("xhr", body, status, xhr), "");
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
  protected request(...args: Parameters<SendRequest>): Cancel {
    const [url, body, done] = args;
    const { requestTimeout, withCredentials, extraHeaders } = this.context.options;
    const aborter = typeof AbortController === "undefined" ? undefined : new AbortController();
    let finished = false;
    const finish = (error: VaivenError | undefined, text: string): void => {
      if (finished) return;
      stop();
      done(error, text);
    };
    const stopTimer = requestTimeout
      ? this.context.platform.after(requestTimeout, () => finish(failure("fetch", body, 0, undefined), ""))
      : undefined;
    const stop = (): void => {
      finished = true;
      stopTimer?.();
      aborter?.abort();
    };
    fetch(url, {
      method: body === undefined ? "GET" : "POST",
      headers: headers(body, extraHeaders),
      credentials: withCredentials ? "include" : "omit",
      cache: "no-store",
      ...(body === undefined ? undefined : { body }),
      ...(aborter && { signal: aborter.signal }),
    })
      .then((response) => {
        if (response.status !== 200) throw response.status;
        return response.text().then((text) => finish(undefined, text));
      })
      .catch((cause) => finish(failure("fetch", body, cause, undefined), ""));
    return stop;
  }
}

function headers(body: string | undefined, extra: Readonly<Record<string, string>> | undefined): [string, string][] {
  // A type that needs no preflight request to another origin.
  return Object.entries({ ...(body === undefined ? undefined : { "Content-Type": TEXT }), ...extra });
}

function failure(kind: string, body: string | undefined, description: unknown, context: unknown): VaivenError {
  return transportError(`${kind} ${body === undefined ? "poll" : "post"} error`, description, context);
}

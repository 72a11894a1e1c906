// browser/ One request by XMLHttpRequest, for the polling of the modules and of the browser files.
import { type TransportError, transportError } from "../http/client-request.js";

/** What of a client's options is about its requests. */
export interface RequestOptions {
  readonly extraHeaders?: Readonly<Record<string, string>> | undefined;
  readonly withCredentials?: boolean | undefined;
  /** Milliseconds; 0 is no limit. */
  readonly requestTimeout?: number | undefined;
}

/** The headers of a request: a POST, where it has a body. */
export function headersOf({ extraHeaders }: RequestOptions, body: string | undefined): Record<string, string> {
  // A type that needs no preflight request to another origin.
  return Object.assign(body ? { "Content-Type": "text/plain;charset=UTF-8" } : {}, extraHeaders);
}

/** Calls `done` with the text of a 200, or with an error. Returns what aborts the request: then `done` is not called. */
export function xhrRequest(
  url: string,
  body: string | undefined,
  options: RequestOptions,
  done: (text: string, error?: TransportError) => void,
): () => void {
  const { withCredentials, requestTimeout = 0 } = options;
  const xhr = new XMLHttpRequest();
  const headers = headersOf(options, body);
  xhr.open(body ? "POST" : "GET", url);
  for (const name of Object.keys(headers)) xhr.setRequestHeader(name, headers[name] as string);
  xhr.withCredentials = !!withCredentials;
  xhr.timeout = requestTimeout;
  xhr.onloadend = () =>
    done(
      xhr.responseText,
      xhr.status === 200 ? undefined : transportError(`xhr ${body ? "post" : "poll"} error`, xhr.status, xhr),
    );
  xhr.send(body);
  return () => {
    xhr.onloadend = null;
    xhr.abort();
  };
}

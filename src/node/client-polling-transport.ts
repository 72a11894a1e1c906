// node/ Requests of the polling transport over node:http and node:https.
import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { VaivenError } from "../errors.js";
import { transportError } from "../http/client-request.js";
import { PollingClient, type PollingCodec, type RequestDone } from "../http/polling-client.js";
import { PayloadCodec } from "../packet/payload.js";
import type { Cancel } from "../session/platform.js";
import { cookieJarOf, requestOptions } from "./client-request-options.js";
import { MAX_MESSAGE_BYTES } from "./client-websocket-transport.js";
import { nodePlatform } from "./platform.js";
import { retryAfter as retryAfterOf } from "./retry-after.js";

const codec = new PayloadCodec(nodePlatform);

/** Polling on Node. An answer has the limit of a message over WebSocket. */
export class NodePolling extends PollingClient {
  protected readonly payload: PollingCodec = codec;

  protected request(url: string, body: string | undefined, done: RequestDone): Cancel {
    const { context } = this;
    const { secure, requestTimeout, autoUnref } = context.options;
    let finished = false;
    const finish = (error: VaivenError | undefined, text: string): void => {
      if (finished) return;
      finished = true;
      stopTimer?.();
      done(error, text);
    };
    // What a browser's XMLHttpRequest would show: without an answer the status is 0, and here the reason stands beside it.
    const fail = (cause: unknown, status = 0, responseText = `${cause}`, retryAfter?: number): void => {
      const message = `xhr ${body === undefined ? "poll" : "post"} error`;
      const detail = { status, statusText: cause, responseText, body: responseText };
      const told = { cause: status || cause, ...(retryAfter !== undefined && { retryAfter }) };
      finish(Object.assign(transportError(message, status, detail), told), "");
      outgoing?.destroy();
    };
    const stopTimer = requestTimeout > 0 ? context.platform.after(requestTimeout, () => fail("timeout")) : undefined;
    let outgoing: ClientRequest | undefined;
    try {
      const options = requestOptions(context, { Accept: "*/*", ...(body !== undefined && headersOf(body)) });
      const method = body === undefined ? "GET" : "POST";
      outgoing = (secure ? requestHttps : requestHttp)(url, { ...options, method }, (response) => {
        const parts: Buffer[] = [];
        let size = 0;
        cookieJarOf(context)?.store(response.headers["set-cookie"]);
        response.on("data", (part: Buffer) => {
          parts.push(part);
          size += part.length;
          if (size > MAX_MESSAGE_BYTES)
            fail(`the answer is larger than ${MAX_MESSAGE_BYTES} bytes`, response.statusCode, "");
        });
        response.on("error", (error) => fail(error));
        response.on("end", () => {
          if (response.statusCode === 200) finish(undefined, Buffer.concat(parts).toString());
          else {
            const text = Buffer.concat(parts).toString();
            fail(response.statusMessage, response.statusCode, text, retryAfterOf(response, context.platform.random()));
          }
        });
      });
    } catch (error) {
      // A header or URL that Node refuses.
      context.platform.soon(() => fail(error));
      return () => {
        finished = true;
      };
    }
    if (autoUnref === true) outgoing.on("socket", (socket) => socket.unref());
    outgoing.on("error", (error) => fail(error));
    // Node ends an upgrade that nobody asked for without a word.
    outgoing.on("close", () => fail("the connection was closed without an answer"));
    outgoing.end(body);
    return () => {
      finished = true;
      stopTimer?.();
      outgoing?.destroy();
    };
  }
}

function headersOf(body: string): Record<string, string> {
  return { "Content-Type": "text/plain;charset=UTF-8", "Content-Length": String(Buffer.byteLength(body)) };
}

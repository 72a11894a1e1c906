// HTTP requests: any URL and headers are answered by the pure stage with a refusal or with leave, and by nothing else.
import { browserFileName } from "../../src/http/browser-files.js";
import { chooseCoding, FILE_CODINGS } from "../../src/http/content-coding.js";
import type { HttpRequest } from "../../src/http/exchange.js";
import { readForm, writeScript } from "../../src/http/jsonp.js";
import { refuseOrigin } from "../../src/http/origin.js";
import { refusalBody } from "../../src/http/refusal.js";
import { HeaderTable, headersOf, InternTable, RequestSnapshot } from "../../src/http/request-snapshot.js";
import { readEngineQuery } from "../../src/http/target.js";
import { addressOf } from "../../src/http/trusted-proxy.js";
import { verifyProtocol, verifyRequest } from "../../src/http/verify.js";
import type { FuzzTarget } from "./fuzz-target.js";

const OFFER = { transports: ["polling", "websocket"], protocol3: false, jsonp: true };
const table = new HeaderTable(new InternTable(64, 64));

/** The first line is the URL, the others are headers. */
function readRequest(text: string): HttpRequest & { raw: string[] } {
  const [url = "", ...lines] = text.split("\n");
  const raw = lines.flatMap((line) => {
    const colon = line.indexOf(":");
    return colon === -1 ? [line, ""] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  return { method: "GET", url, headers: headersOf(raw), remoteAddress: "127.0.0.1", secure: false, raw };
}

export const target: FuzzTarget = {
  name: "http",
  separator: 0x0a,
  seeds: [
    "/socket.io/?EIO=4&transport=polling&t=abc&sid=def\nHost: a.example\nOrigin: http://a.example:80",
    "/socket.io/?EIO=4&transport=websocket\nHost: [::1]:3000\nOrigin: null\nSec-Fetch-Site: cross-site",
    "/socket.io/socket.io.min.js.map?%\nAccept-Encoding: gzip;q=0.5, br;q=1.0, *;q=0\nCookie: a=b\nCookie: c",
    "/?%73id=%E0%A4&__proto__=1&a[b]=c&&=\nX-Forwarded-For: 1.1.1.1, ,2.2.2.2\nX-Forwarded-Host: x\n__proto__: y",
    "/socket.io/?j=0&d=%5c%5cn\nOrigin: https://\nHost: :",
  ].map((text) => Buffer.from(text)),
  run(input) {
    const request = readRequest(Buffer.from(input).toString());
    const query = readEngineQuery(request.url);
    for (const upgrade of [true, false]) {
      const refused = verifyRequest(request, query, upgrade, OFFER);
      if (refused !== undefined) JSON.parse(refusalBody(refused));
    }
    verifyProtocol(query, OFFER);
    for (const trust of [false, true, 1]) {
      const error = refuseOrigin(request, undefined, trust);
      if (error !== undefined && error.code !== "HTTP_ORIGIN_FORBIDDEN") throw error;
      addressOf(request, trust);
    }
    const name = browserFileName(request.url, "/socket.io/");
    if (name !== undefined && /[/\\]|\.\./.test(name)) throw new Error(`${name} leads out of the folder`);
    chooseCoding(request.headers["accept-encoding"], FILE_CODINGS);
    writeScript("0", readForm(request.url) ?? "");
    const snapshot = new RequestSnapshot("GET", request.url, request.raw, undefined, false, table);
    if (Object.getPrototypeOf(snapshot.headers) !== Object.prototype) throw new Error("a header became a prototype");
    if (Object.getPrototypeOf(snapshot.query) !== Object.prototype) throw new Error("a parameter became a prototype");
  },
};

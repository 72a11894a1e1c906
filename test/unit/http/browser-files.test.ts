// http/browser-files.ts: the client's files.
import { describe, expect, it } from "vitest";
import { answerBrowserFile, type BrowserFile, browserFileName } from "../../../src/http/browser-files.js";
import { FakeExchange } from "./fake-exchange.js";

const file: BrowserFile = { bytes: Buffer.from("plain"), etag: '"1"', compressed: (coding) => Buffer.from(coding) };
const read = (name: string): BrowserFile | undefined =>
  name === "socket.io.js" || name.endsWith(".map") ? file : undefined;

function ask(name: string, headers = {}, method = "GET", compress = true): FakeExchange {
  const exchange = new FakeExchange(method, headers);
  answerBrowserFile(exchange, name, read, compress);
  return exchange;
}

describe("the name of a browser file", () => {
  for (const name of [
    "socket.io.js",
    "socket.io.min.js",
    "socket.io.esm.min.js",
    "socket.io.msgpack.min.js",
    "vaiven.websocket.esm.min.js",
    "vaiven.js",
    "vaiven.min.js.map",
  ]) {
    it(`is found below the path: ${name}`, () => {
      expect(browserFileName(`/socket.io/${name}?v=1`, "/socket.io/")).toBe(name);
      expect(browserFileName(`/live/${name}`, "/live")).toBe(name);
    });
  }

  for (const url of [
    "/socket.io/",
    "/socket.io/?EIO=4",
    "/socket.io/../package.json",
    "/socket.io/%2e%2e/x.js",
    "/socket.io/x/socket.io.js",
    "/other/socket.io.js",
    "/socket.io/socket.io.json",
    "/socket.io/socket.io.js\u0000",
  ]) {
    it(`is not found in ${JSON.stringify(url)}`, () => {
      expect(browserFileName(url, "/socket.io/")).toBeUndefined();
    });
  }
});

describe("a browser file", () => {
  it("is served with an ETag, as JavaScript that is asked for again", () => {
    const answer = ask("socket.io.js");
    expect(answer).toMatchObject({ status: 200, body: file.bytes });
    expect(answer.headers).toMatchObject({
      ETag: '"1"',
      "Cache-Control": "public, max-age=0",
      "Content-Type": "application/javascript; charset=utf-8",
      Vary: "Accept-Encoding",
    });
  });

  it("is not sent again to who has it", () => {
    for (const header of ['"1"', 'W/"1"', '"0", "1"', "*"])
      expect(ask("socket.io.js", { "if-none-match": header }).status).toBe(304);
    for (const header of ['"2"', "", "1"]) expect(ask("socket.io.js", { "if-none-match": header }).status).toBe(200);
  });

  it("is compressed as the client takes it, unless compression is off", () => {
    const answer = ask("socket.io.js", { "accept-encoding": "br, gzip" });
    expect(answer.headers["Content-Encoding"]).toBe("br");
    expect(String(answer.body)).toBe("br");
    expect(ask("socket.io.js", { "accept-encoding": "br" }, "GET", false).headers["Content-Encoding"]).toBeUndefined();
  });

  it("is JSON where it is a source map", () => {
    expect(ask("socket.io.js.map").headers["Content-Type"]).toBe("application/json; charset=utf-8");
  });

  it("that is missing is 404, and is read only", () => {
    expect(ask("vaiven.js").status).toBe(404);
    expect(ask("socket.io.js", {}, "POST").status).toBe(405);
    expect(ask("socket.io.js", {}, "HEAD").status).toBe(200);
  });
});

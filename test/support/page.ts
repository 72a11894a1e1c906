// What the clients of browser files use of a page, on Node: requests, WebSocket, files, events. Real connections, none of the rules of origins.
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { vi } from "vitest";
import { WebSocket } from "ws";

/** Polling requests as a page makes them. */
class PageRequest {
  withCredentials = false;
  timeout = 0;
  status = 0;
  responseText = "";
  onloadend: (() => void) | null = null;
  private readonly headers: Record<string, string> = {};
  private method = "";
  private url = "";
  private stop: (() => void) | undefined;

  open(method: string, url: string): void {
    this.method = method;
    this.url = url;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  send(body?: string): void {
    const request = (this.url.startsWith("https") ? httpsRequest : httpRequest)(
      this.url,
      { method: this.method, headers: this.headers },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => {
          this.status = response.statusCode ?? 0;
          this.responseText = Buffer.concat(chunks).toString();
          this.finish();
        });
        response.on("error", () => this.finish());
      },
    );
    request.on("error", () => this.finish());
    if (this.timeout) request.setTimeout(this.timeout, () => request.destroy());
    request.end(body);
    this.stop = () => request.destroy();
    Object.defineProperty(this, "stop", { enumerable: false });
  }

  abort(): void {
    this.stop?.();
  }

  private finish(): void {
    const { onloadend } = this;
    this.onloadend = null;
    onloadend?.();
  }
}

/** Reads Blobs. */
class PageFileReader {
  result: string | undefined;
  onload: (() => void) | null = null;
  onerror: (() => void) | null = null;

  readAsDataURL(blob: Blob): void {
    blob.arrayBuffer().then(
      (bytes) => {
        this.result = `data:application/octet-stream;base64,${Buffer.from(bytes).toString("base64")}`;
        this.onload?.();
      },
      () => this.onerror?.(),
    );
  }
}

/** The globals of a page. Called where the transports of the browser files are made: they look at once for what there is. */
export function stubPage(): void {
  const page = new EventTarget();
  vi.stubGlobal("WebSocket", WebSocket);
  vi.stubGlobal("XMLHttpRequest", PageRequest);
  vi.stubGlobal("FileReader", PageFileReader);
  vi.stubGlobal("location", undefined);
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("dispatchEvent", page.dispatchEvent.bind(page));
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page));
}

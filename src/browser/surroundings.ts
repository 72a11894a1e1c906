// browser/ What all hosts of clients in a browser share (session/client-host.ts is the contract). Workers and React Native lack some of it: all is looked for.
import type { ClientHost } from "../session/client-host.js";
import { browserPlatform } from "./platform.js";

/** A host without its transports and its codec of packets: each of the browser files brings its own. @internal */
export const surroundings: Omit<ClientHost, "transports" | "upgrade" | "encode" | "createReader"> = {
  // A page has a connection or two: what is sent leaves in the microtask behind the handler, and nothing has to collect it.
  flushQueue: { enter() {}, leave() {}, add: (flushable) => browserPlatform.soon(() => flushable.flush()) },
  location: typeof location === "undefined" ? undefined : location,
  platform: () => browserPlatform,
  userBytes: ({ buffer, byteOffset, byteLength }) =>
    // Programs written for browsers expect an ArrayBuffer, and one that holds nothing else.
    byteLength === buffer.byteLength
      ? (buffer as ArrayBuffer)
      : (buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer),
  blobBytes(value) {
    if (typeof Blob === "undefined" || !(value instanceof Blob)) return undefined;
    return new Promise((resolve, reject) => {
      // Blob.arrayBuffer is younger than the oldest browsers that we serve.
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result as ArrayBuffer);
      reader.onerror = () => reject(reader.error);
      reader.readAsArrayBuffer(value);
    });
  },
  watch(listener) {
    if (typeof addEventListener !== "function") return () => {};
    const stops: (() => void)[] = [];
    const listen = (type: string, fn: (event: Event) => void, target: EventTarget = self): void => {
      target.addEventListener(type, fn);
      stops.push(() => target.removeEventListener(type, fn));
    };
    listen("offline", () => listener.onLost("network connection lost"));
    listen("online", () => listener.onWake(true));
    listen("beforeunload", () => listener.onLeave());
    // An open connection keeps a page out of the back/forward cache, or is cut behind its back.
    // Phones leave pages without `beforeunload`.
    listen("pagehide", (event) => {
      listener.onHide();
      if ((event as PageTransitionEvent).persisted) listener.onLost("page hidden");
      else listener.onLeave();
    });
    listen("pageshow", (event) => (event as PageTransitionEvent).persisted && listener.onWake(true));
    if (typeof document !== "undefined") listen("visibilitychange", () => listener.onWake(false), document);
    return () => {
      for (const stop of stops) stop();
    };
  },
};

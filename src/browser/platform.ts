// browser/ What pure code is given in a browser, a worker, or React Native (session/client-host.ts is the contract).
import type { ClientPlatform } from "../session/client-host.js";
import { LONGEST_DELAY_MS } from "../session/platform.js";

/** Microtasks; promises everywhere, because `queueMicrotask` is younger than the oldest browsers that we serve. */
const resolved: Promise<void> = Promise.resolve();

/** The browser's {@link ClientPlatform}. Timers are looked up at each call, so that fake ones are followed. @internal */
export const browserPlatform: ClientPlatform = {
  now: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, Math.min(ms, LONGEST_DELAY_MS));
    return () => clearTimeout(timer);
  },
  soon: (fn) => void resolved.then(fn),
  random: () => Math.random(),
  textByteLength(text) {
    let size = text.length;
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      // Two bytes from U+0080, three from U+0800; a pair of surrogates is two units and four bytes.
      if (unit > 0x7f) size += unit > 0x7ff ? 2 : 1;
      if ((unit & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at++;
    }
    return size;
  },
};

// http/ JSONP polling for browsers without CORS: the answer is a script that calls `___eio[<j>]`, the body of a POST is a form field `d`
// (Engine.IO protocol, "JSONP polling"). Off unless `jsonp` or `allowEIO3` is set: a script tag asks without Origin.
import { decode } from "./target.js";

/** The number of the callback, or undefined for what is no number: it becomes part of a script. */
export function callbackNumber(jsonp: string): string | undefined {
  return /^\d{1,9}$/.test(jsonp) ? jsonp : undefined;
}

/** The script that hands `payload` to the client. */
export function writeScript(callback: string, payload: string): string {
  // Line separators end a JavaScript string before ECMAScript 2019; `</` would end an inline script.
  const literal = JSON.stringify(payload)
    .replace(/\u2028/g, "\\u2028")
    .replace(/\u2029/g, "\\u2029")
    .replace(/<\//g, "<\\/");
  return `___eio[${callback}](${literal});`;
}

/** The payload in a posted form, or undefined where the field `d` is missing. Clients write `\n` as `\\n`, because forms rewrite line ends. */
export function readForm(form: string): string | undefined {
  for (const field of form.split("&")) {
    if (!field.startsWith("d=")) continue;
    return decode(field.slice(2)).replace(/(\\)?\\n/g, (found, escaped: string | undefined) =>
      escaped === undefined ? "\n" : found.slice(1),
    );
  }
  return undefined;
}

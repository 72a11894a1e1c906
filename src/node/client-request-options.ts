// node/ What every request of a client is sent with: headers, cookies, agent, TLS. Polling and the WebSocket handshake share it.
import type { RequestOptions } from "node:https";
import type { ClientTransportContext } from "../session/client-host.js";
import { CookieJar } from "./client-cookie-jar.js";

/** The options that go to `http.request` and `https.request` under the names that they have there. */
const PASSED_ON = ["agent", "pfx", "key", "passphrase", "cert", "ca", "ciphers", "rejectUnauthorized"] as const;

const jars: WeakMap<object, CookieJar> = new WeakMap();

/** The cookie jar of the session that `context` belongs to; undefined without `withCredentials`. */
export function cookieJarOf({ session, options }: ClientTransportContext): CookieJar | undefined {
  if (!options.withCredentials) return undefined;
  let jar = jars.get(session);
  if (jar === undefined) jars.set(session, (jar = new CookieJar()));
  return jar;
}

/** The options of one request, `headers` being those that the transport itself needs. */
export function requestOptions(context: ClientTransportContext, headers: Record<string, string>): RequestOptions {
  const given = context.options;
  const all: Record<string, string> = { ...headers, ...given.extraHeaders };
  const named = Object.keys(all).find((name) => name.toLowerCase() === "cookie");
  const cookie = cookieJarOf(context)?.header(named === undefined ? undefined : all[named]);
  if (cookie !== undefined) all[named ?? "Cookie"] = cookie;
  const options: Record<string, unknown> = { headers: all };
  for (const name of PASSED_ON) if (given[name] !== undefined) options[name] = given[name];
  return options;
}

// node/ The cookies of one client session (RFC 6265, as far as one server needs it): a load balancer's stickiness, an application's login.

interface StoredCookie {
  readonly value: string;
  /** Milliseconds since 1970; Infinity for a session cookie. */
  readonly expires: number;
}

/** Cookies that one server may have here, as browsers have it; one more and the oldest goes. */
const MOST_COOKIES = 180;

/** Remembers what `Set-Cookie` says, and says it again in `Cookie`. All requests go to one host, so domains and paths do not matter. */
export class CookieJar {
  private readonly cookies: Map<string, StoredCookie> = new Map();

  /** Takes the `Set-Cookie` headers of a response. What cannot be read is left out. */
  store(setCookie: readonly string[] | undefined): void {
    for (const header of setCookie ?? []) {
      const [pair = "", ...attributes] = header.split(";");
      const at = pair.indexOf("=");
      if (at <= 0) continue;
      const name = pair.slice(0, at).trim();
      const expires = expiryOf(attributes);
      if (expires <= Date.now()) this.cookies.delete(name);
      else this.set(name, { value: pair.slice(at + 1).trim(), expires });
    }
  }

  private set(name: string, cookie: StoredCookie): void {
    const [oldest] = this.cookies.keys();
    if (oldest !== undefined && this.cookies.size >= MOST_COOKIES && !this.cookies.has(name))
      this.cookies.delete(oldest);
    this.cookies.set(name, cookie);
  }

  /** The value of a `Cookie` header, `given` (the user's own) before the stored ones; undefined when there is none. */
  header(given: string | undefined): string | undefined {
    const parts = given === undefined ? [] : [given];
    for (const [name, { value, expires }] of this.cookies) {
      if (expires > Date.now()) parts.push(`${name}=${value}`);
      else this.cookies.delete(name);
    }
    return parts.length > 0 ? parts.join("; ") : undefined;
  }
}

/** `Max-Age` wins over `Expires` (RFC 6265 section 5.3). */
function expiryOf(attributes: readonly string[]): number {
  let expires = Number.POSITIVE_INFINITY;
  let maxAge: number | undefined;
  for (const attribute of attributes) {
    const [name = "", value = ""] = attribute.split("=", 2).map((part) => part.trim());
    if (/^max-age$/i.test(name) && /^-?\d+$/.test(value)) maxAge = Number(value);
    else if (/^expires$/i.test(name)) {
      const date = Date.parse(value);
      // The first second of 1970, which deletes a cookie, is a date like others.
      if (!Number.isNaN(date)) expires = date;
    }
  }
  return maxAge === undefined ? expires : Date.now() + maxAge * 1000;
}

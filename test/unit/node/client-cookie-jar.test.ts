import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CookieJar } from "../../../src/node/client-cookie-jar.js";

describe("CookieJar", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  it("says again what it was told, behind the program's own cookies", () => {
    const jar = new CookieJar();
    expect(jar.header(undefined)).toBeUndefined();
    expect(jar.header("own=1")).toBe("own=1");
    jar.store(["a=1; Path=/; HttpOnly", "b = two words ;Secure"]);
    jar.store(["a=2"]);
    expect(jar.header("own=1")).toBe("own=1; a=2; b=two words");
  });

  it("forgets cookies that expire, Max-Age before Expires", () => {
    const jar = new CookieJar();
    jar.store([
      "a=1; Max-Age=10; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
      `b=1; expires=${new Date(1_005_000).toUTCString()}`,
      "c=1",
    ]);
    expect(jar.header(undefined)).toBe("a=1; b=1; c=1");
    vi.advanceTimersByTime(5000);
    expect(jar.header(undefined)).toBe("a=1; c=1");
    jar.store(["c=; Max-Age=0"]);
    vi.advanceTimersByTime(5000);
    expect(jar.header(undefined)).toBeUndefined();
  });

  it("forgets a cookie that a server deletes as of the first second of 1970", () => {
    const jar = new CookieJar();
    jar.store(["a=1", "b=1"]);
    jar.store(["a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
    expect(jar.header(undefined)).toBe("b=1");
  });

  it("holds 180, and lets the oldest go for one more", () => {
    const jar = new CookieJar();
    for (let n = 0; n < 500; n++) jar.store([`c${n}=1`]);
    const names = jar.header(undefined)?.split("; ") ?? [];
    expect(names).toHaveLength(180);
    expect([names[0], names.at(-1)]).toEqual(["c320=1", "c499=1"]);
  });

  it("leaves out what it cannot read", () => {
    const jar = new CookieJar();
    jar.store(["", "novalue", "=x", "a=1; Max-Age=soon; Expires=never"]);
    expect(jar.header(undefined)).toBe("a=1");
    jar.store(undefined);
    expect(jar.header(undefined)).toBe("a=1");
  });
});

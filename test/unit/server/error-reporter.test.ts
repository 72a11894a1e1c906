import { describe, expect, it, vi } from "vitest";
import { ErrorReporter } from "../../../src/server/error-reporter.js";
import { FakePlatform } from "../../support/fake-platform.js";

describe("ErrorReporter", () => {
  it("writes every error to the console, at a bounded rate with a count of the rest", () => {
    const clock = new FakePlatform();
    const lines = vi.spyOn(console, "error").mockImplementation(() => {});
    const reporter = new ErrorReporter(clock, false);
    for (let n = 0; n < 35; n++) reporter.handlerFailed(new Error(`${n}`), { event: "e" });
    expect(lines).toHaveBeenCalledTimes(10);
    expect(String(lines.mock.calls[0]?.[0])).toContain('the handler of "e" threw: 0');
    clock.advance(10_000);
    expect(lines).toHaveBeenCalledTimes(11);
    expect(lines.mock.calls[10]?.[0]).toContain("25 more errors");
    reporter.handlerFailed(new Error("next"), {});
    expect(lines).toHaveBeenCalledTimes(12);
    clock.advance(10_000);
    expect(lines).toHaveBeenCalledTimes(12);
  });

  it("gives all of them to the hook instead, and shows the hook's own", () => {
    const lines = vi.spyOn(console, "error").mockImplementation(() => {});
    const reporter = new ErrorReporter(new FakePlatform(), false);
    const seen: unknown[] = [];
    reporter.hook = (error, context) => seen.push([error.code, error.cause, context.event]);
    reporter.middlewareFailed("a text", { event: "e" });
    expect(seen).toEqual([["MIDDLEWARE_FAILED", "a text", "e"]]);
    expect(lines).not.toHaveBeenCalled();
    reporter.hook = () => {
      throw new Error("of the hook");
    };
    reporter.handlerRejected(new Error("x"), {});
    expect(lines).toHaveBeenCalledTimes(2);
  });

  it("says of an event that was refused that it was, and what would have heard of it", () => {
    const reporter = new ErrorReporter(new FakePlatform(), false);
    const seen: string[] = [];
    reporter.hook = (error) => seen.push(error.message);
    reporter.eventRefused(new Error("not that"), { event: "e" });
    expect(seen).toEqual(['the middleware of "e" refused it, and nobody listens to "error" of the socket: not that']);
  });

  it("throws no refusal, where it throws errors as Socket.IO does", () => {
    const clock = new FakePlatform();
    const reporter = new ErrorReporter(clock, true);
    reporter.eventRefused(new Error("not that"), {});
    clock.settle();
    reporter.middlewareFailed(new Error("thrown"), {});
    expect(() => clock.settle()).toThrow("thrown");
  });
});

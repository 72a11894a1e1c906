import { describe, expect, it } from "vitest";
import { refuseReserved } from "../../../src/event/reserved.js";

describe("reserved names", () => {
  for (const name of ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"]) {
    it(`include ${name}`, () => {
      expect(() => refuseReserved(name)).toThrow(expect.objectContaining({ code: "API_RESERVED_EVENT" }));
    });
  }

  it("leave everything else to the program", () => {
    for (const name of ["message", "error", "connection", "__proto__", "", 5, Symbol("s")]) refuseReserved(name);
  });
});

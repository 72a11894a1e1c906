// No step may cost more because others are connected or other rooms exist. Counted, not timed: how often each block of src/ runs, and every element walked.
import { beforeAll, describe, expect, it } from "vitest";
import { counted } from "../../support/counting.js";
import { type Findings, STEPS } from "../../support/growth-steps.js";

describe("the work of", () => {
  let found: Findings;
  beforeAll(async () => {
    found = await counted<Findings>("growth-steps.ts");
  }, 120_000);

  for (const name of Object.keys(STEPS)) {
    it(`${name} does not grow with the connections and rooms of others`, () => {
      expect(found.places[name]).toBeGreaterThan(3);
      expect(found.grown[name]).toEqual([]);
    });
  }

  it("an acknowledgement of a room that does not come in time does not grow with the connections of others", () => {
    expect(found.grown["late answers"]).toEqual([]);
  });

  it("a broadcast to everybody does, which shows that it would be seen", () => {
    expect(found.grown["broadcast"]).not.toEqual([]);
  });
});

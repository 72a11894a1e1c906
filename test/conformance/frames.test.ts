// Conformance: every case over `vaiven/websocket` at both ends, on real sockets (RFC 6455). docs/reference/conformance.md lists the rules.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, run } from "./case.js";
import { closing } from "./cases/closing.js";
import { control } from "./cases/control.js";
import { framing } from "./cases/framing.js";
import { sizes } from "./cases/sizes.js";
import { utf8 } from "./cases/utf8.js";
import { type Endpoint, endpointUnderTest } from "./endpoint.js";

const CATEGORIES: Readonly<Record<string, readonly Case[]>> = { framing, control, utf8, closing, sizes };

for (const role of ["server", "client"] as const) {
  describe(`the ${role}`, () => {
    let endpoint: Endpoint;
    beforeAll(async () => {
      endpoint = await endpointUnderTest(role, { maxMessageBytes: 64 * 1024 * 1024 });
    });
    afterAll(() => endpoint.close());

    for (const [category, cases] of Object.entries(CATEGORIES))
      describe(category, () => {
        for (const each of cases)
          it(`section ${each.name}`, async () => {
            const before = endpoint.errors.length;
            await run(each, endpoint);
            const isFailed = each.close !== undefined && [1002, 1007, 1009].includes(each.close as number);
            const told = endpoint.errors.slice(before);
            if (!isFailed) expect(told).toEqual([]);
            for (const code of told) expect(code).toMatch(/^FRAME_/);
          });
      });
  });
}

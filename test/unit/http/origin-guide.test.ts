// docs/guide/from-socket.io.md quotes the refusal that someone meets who changes the line: it must be the one that the server gives.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { refuseOrigin } from "../../../src/http/origin.js";

it("the guide from Socket.IO quotes the refusal of an Origin, and the line that it names allows it", () => {
  const guide = readFileSync(fileURLToPath(new URL("../../../docs/guide/from-socket.io.md", import.meta.url)), "utf8");
  const request = {
    method: "GET",
    url: "/",
    headers: { origin: "https://app.example.com", host: "api.example.com" },
    remoteAddress: "192.0.2.1",
    secure: false,
  };
  const refusal = refuseOrigin(request, undefined, false);
  expect(guide).toContain(`\n${refusal?.message}\n`);
  expect(guide).toContain('cors: { origin: "https://app.example.com" } });');
  expect(refuseOrigin(request, "https://app.example.com", false)).toBeUndefined();
});

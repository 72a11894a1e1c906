// One project a kind of test. `npm run test:unit` and its siblings run one; `npm test` runs all and adds them up.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** Projects that hold real sockets, browsers or processes run one file after the other: they would disturb each other. */
const oneFileAtATime = { fileParallelism: false, maxWorkers: 1, hookTimeout: 120_000 };

const shared = {
  environment: "node" as const,
  restoreMocks: true,
  unstubGlobals: true,
  exclude: ["**/node_modules/**", "**/fixtures/**", "test/packaging/projects/**"],
};

const alias = {
  "vaiven/client": source("entry/client.ts"),
  "vaiven/websocket": source("entry/websocket.ts"),
  "vaiven-client/delivery": source("entry/client-delivery.ts"),
  "vaiven-client/outbox": source("entry/client-outbox.ts"),
  "vaiven-client/webtransport": source("entry/client-browser-webtransport.ts"),
  "vaiven-client": source("entry/client.ts"),
  vaiven: source("entry/server.ts"),
};

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { alias },
        // One set of modules for all files of a worker: a fresh one for each of them took 61 s instead of 20.
        test: { ...shared, name: "unit", include: ["test/unit/**/*.test.ts"], testTimeout: 10_000, isolate: false },
      },
      {
        resolve: { alias },
        test: {
          ...shared,
          ...oneFileAtATime,
          name: "suites",
          include: ["test/suites/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        resolve: { alias },
        test: {
          ...shared,
          ...oneFileAtATime,
          name: "interop",
          include: ["test/interop/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
      {
        resolve: { alias },
        test: {
          ...shared,
          ...oneFileAtATime,
          name: "conformance",
          include: ["test/conformance/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        // Browser and packaging tests use what was built: no aliases to the source.
        test: {
          ...shared,
          ...oneFileAtATime,
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          ...shared,
          ...oneFileAtATime,
          name: "packaging",
          include: ["test/packaging/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: { ...shared, ...oneFileAtATime, name: "fuzz", include: ["test/fuzz/**/*.test.ts"], testTimeout: 120_000 },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      reporter: ["text", "html"],
    },
  },
});

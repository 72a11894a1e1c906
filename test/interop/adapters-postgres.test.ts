// Interop: npm's PostgreSQL adapter on our servers, and on one of ours beside one of npm's, over a real PostgreSQL.
import { createAdapter } from "@socket.io/postgres-adapter";
import { Pool } from "pg";
import { afterAll, beforeAll } from "vitest";
import { type ClusterUnderTest, describeCluster, type NodeAdapter } from "../support/cluster.js";
import { type Service, startPostgres } from "../support/services.js";
import { OURS, REFERENCE } from "./pairs.js";

let postgres: Service;
const newPool = (): Pool =>
  new Pool({ host: "127.0.0.1", port: postgres.port, user: "postgres", database: "postgres" });

beforeAll(async () => {
  postgres = await startPostgres();
  const pool = newPool();
  await pool.query(
    "CREATE TABLE socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)",
  );
  await pool.end();
});
afterAll(() => postgres?.stop());

/** Two nodes share a channel; the next test has one of its own. */
let channels = 1;

async function nodeAdapter(): Promise<NodeAdapter> {
  const pool = newPool();
  // A connection that the server ends while it closes is no error of the test's.
  pool.on("error", () => {});
  return {
    adapter: createAdapter(pool, {
      channelPrefix: `socket.io-${++channels >> 1}`,
      heartbeatInterval: 300,
      errorHandler: () => {},
    }),
    close: () => pool.end(),
  };
}

const clients: ClusterUnderTest["clients"] = [REFERENCE.client, OURS.client];
describeCluster({ name: "postgres-adapter: two of ours", servers: [OURS.server, OURS.server], clients, nodeAdapter });
describeCluster({
  name: "postgres-adapter: one of ours, one of npm's",
  servers: [OURS.server, REFERENCE.server],
  clients,
  nodeAdapter,
});

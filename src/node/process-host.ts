// node/ What all servers and clients of a process share: one platform, one flush queue, one clock of deadlines (ARCHITECTURE.md, "Flush" and "Deadlines").
import { Deadlines } from "../session/deadlines.js";
import { FlushQueue } from "../session/flush-queue.js";
import type { SessionHost } from "../session/server-session.js";
import { nodePlatform } from "./platform.js";

/** The one of this process. */
export const processHost: SessionHost = Object.freeze({
  platform: nodePlatform,
  flushQueue: new FlushQueue(nodePlatform.soon),
  deadlines: new Deadlines(nodePlatform),
});

/** `emit()` and then `process.exit()` delivers: the last turn has no end, so its output leaves here. */
process.on("exit", () => processHost.flushQueue.flushAll());

// Growth benches without sockets: up to a million sessions in one process with a heap of a stated size.
import { join } from "node:path";
import { Child } from "../child.js";
import { SUBJECTS, type SubjectName } from "../loads.js";
import { type Finding, STEPS, type Step } from "./findings.js";
import type { GrowthOptions } from "./over-sockets.js";

/** Sessions of each subject at most, and megabytes of heap for them: socket.io would need more than 7 GB and some minutes for a million. */
export const SESSIONS: Partial<
  Record<SubjectName, { readonly populations: readonly number[]; readonly heap: number }>
> = {
  vaiven: { populations: [1000, 10_000, 100_000, 1_000_000], heap: 4096 },
  "socket.io": { populations: [1000, 10_000, 100_000], heap: 4096 },
};
/** Of one answer to the next: a population is opened and measured in between. */
const STEP_SECONDS = 120;

type Message =
  | { readonly type: "opened"; readonly count: number }
  | { readonly type: "done" }
  | {
      readonly type: "found";
      readonly population: number;
      /** Bytes for each session. */
      readonly heap: number;
      readonly rss: number;
      /** Microseconds. */
      readonly broadcast: number;
      readonly steps: Readonly<Record<Step, number>>;
    };

function findingsOf(subject: SubjectName, found: Extract<Message, { type: "found" }>): Finding[] {
  const { population: x, heap, broadcast, steps } = found;
  const panel = subject === "vaiven" ? "steps" : "stepsOfSocketIo";
  return [
    { panel: "session", line: subject, x, y: heap / 1024 },
    { panel: "broadcast", line: subject, x, y: broadcast },
    ...STEPS.map((step): Finding => ({ panel, line: step, x, y: steps[step] })),
  ];
}

export async function growSessions(subject: SubjectName, options: GrowthOptions): Promise<void> {
  const size = SESSIONS[subject];
  if (size === undefined) return;
  const { populations, heap } = size;
  const child = new Child(`the sessions of ${SUBJECTS[subject].title}`, options.cores.server, [
    "--expose-gc",
    `--max-old-space-size=${heap}`,
    join(__dirname, "sessions.mjs"),
    JSON.stringify({ subject, populations }),
  ]);
  try {
    for (;;) {
      const message = await child.ask<Message>(undefined, STEP_SECONDS);
      if (message.type === "done") return;
      if (message.type === "opened") options.onPhase(`${message.count.toLocaleString("en")} sessions in memory`);
      else for (const finding of findingsOf(subject, message)) options.onFinding(finding);
    }
  } finally {
    await child.end();
  }
}

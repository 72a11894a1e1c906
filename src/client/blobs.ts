// client/ Blobs and Files become bytes before their packet enters packet/ (ARCHITECTURE.md, "Platform").
import type { ClientHost } from "../session/client-host.js";

/** Undefined if `data` holds no Blob; otherwise a promise of a copy that has their bytes instead. `data` is not changed. */
export function readBlobs(data: unknown, bytesOf: ClientHost["blobBytes"]): Promise<unknown> | undefined {
  const jobs: Promise<unknown>[] = [];
  const copy = bytesOf && replace(data, bytesOf, jobs, 0);
  return jobs.length ? Promise.all(jobs).then(() => copy) : undefined;
}

/** Deeper values are left to packet/, which refuses them. */
const MAX_DEPTH = 1000;

function replace(
  value: unknown,
  bytesOf: NonNullable<ClientHost["blobBytes"]>,
  jobs: Promise<unknown>[],
  depth: number,
): unknown {
  if (typeof value !== "object" || !value || ArrayBuffer.isView(value) || depth > MAX_DEPTH) return value;
  let copy = value as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    const item = copy[key];
    if (typeof item !== "object" || !item) continue;
    const bytes = bytesOf(item);
    const replaced = bytes || replace(item, bytesOf, jobs, depth + 1);
    if (replaced === item) continue;
    if (copy === value) copy = Object.assign(Array.isArray(value) ? [] : {}, value) as Record<string, unknown>;
    const target = copy;
    target[key] = replaced;
    if (bytes) jobs.push(bytes.then((read) => (target[key] = read)));
  }
  return copy;
}

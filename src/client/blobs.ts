// client/ Blobs and Files become bytes before their packet enters packet/ (design, semantics 6).
import type { ClientHost } from "../session/client-host.js";

/** Undefined if `data` holds no Blob; otherwise a promise of a copy that has their bytes instead. `data` is not changed. */
export function readBlobs(data: unknown, bytesOf: ClientHost["blobBytes"]): Promise<unknown> | undefined {
  if (bytesOf === undefined) return undefined;
  const jobs: Promise<unknown>[] = [];
  const copy = replace(data, bytesOf, jobs, 0);
  return jobs.length > 0 ? Promise.all(jobs).then(() => copy) : undefined;
}

/** Deeper values are left to packet/, which refuses them. */
const MAX_DEPTH = 1000;

function replace(
  value: unknown,
  bytesOf: NonNullable<ClientHost["blobBytes"]>,
  jobs: Promise<unknown>[],
  depth: number,
): unknown {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || depth > MAX_DEPTH) return value;
  const container = value as Record<string, unknown>;
  let copy: Record<string, unknown> | undefined;
  for (const key of Object.keys(container)) {
    const item = container[key];
    if (typeof item !== "object" || item === null) continue;
    const bytes = bytesOf(item);
    const replaced = bytes ?? replace(item, bytesOf, jobs, depth + 1);
    if (replaced === item) continue;
    copy ??= (Array.isArray(value) ? value.slice() : Object.assign({}, container)) as Record<string, unknown>;
    const target = copy;
    target[key] = replaced;
    if (bytes !== undefined) {
      jobs.push(
        bytes.then((read) => {
          target[key] = read;
        }),
      );
    }
  }
  return copy ?? value;
}

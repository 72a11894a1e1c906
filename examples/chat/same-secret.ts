// Example: comparing secrets without telling by the time it takes how much of a guess was right.
import { createHash, timingSafeEqual } from "node:crypto";

export function sameSecret(given: string, expected: string): boolean {
  // The digests have one length, which timingSafeEqual needs; and the length of the secret stays unknown too.
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

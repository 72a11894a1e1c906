// node/ The browser files on disk, read once and compressed once (http/browser-files.ts serves them).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BrowserFile } from "../http/browser-files.js";
import type { ContentCoding } from "../http/exchange.js";
import { compressNow } from "./content-codings.js";

/** A file of the folder. */
class FolderFile implements BrowserFile {
  readonly bytes: Uint8Array;
  readonly etag: string;
  private readonly compressions = new Map<ContentCoding, Uint8Array>();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.etag = `"${createHash("sha1").update(bytes).digest("base64url")}"`;
  }

  compressed(coding: ContentCoding): Uint8Array {
    let compressed = this.compressions.get(coding);
    if (compressed === undefined) {
      compressed = compressNow(coding, this.bytes);
      this.compressions.set(coding, compressed);
    }
    return compressed;
  }
}

/** Reads files of `folder` by their names, which are checked by the caller. What is missing is looked for again at the next request. */
export function clientFolder(folder: string): (name: string) => BrowserFile | undefined {
  const files = new Map<string, BrowserFile>();
  return (name) => {
    const known = files.get(name);
    if (known !== undefined) return known;
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(folder, name));
    } catch {
      return undefined;
    }
    const file = new FolderFile(bytes);
    files.set(name, file);
    return file;
  };
}

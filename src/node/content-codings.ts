// node/ The codings of bodies by node:zlib (http/content-coding.ts chooses one).
import {
  brotliCompress,
  brotliCompressSync,
  type CompressCallback,
  constants,
  deflate,
  deflateSync,
  gzip,
  gzipSync,
} from "node:zlib";
import type { ContentCoding } from "../http/exchange.js";

/** Brotli's best takes a hundred times as long for a tenth of the size. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };

/** Compresses in this turn. */
export function compressNow(coding: ContentCoding, bytes: Uint8Array): Uint8Array {
  if (coding === "br") return brotliCompressSync(bytes, BROTLI);
  return coding === "gzip" ? gzipSync(bytes) : deflateSync(bytes);
}

/** Compresses on the thread pool. */
export function compressLater(coding: ContentCoding, bytes: Uint8Array, done: CompressCallback): void {
  if (coding === "br") brotliCompress(bytes, BROTLI, done);
  else if (coding === "gzip") gzip(bytes, done);
  else deflate(bytes, done);
}

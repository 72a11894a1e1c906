// frame/ What all connections of one kind share: role, limits, encoder, compression. Made once, frozen (ARCHITECTURE.md, "Options").
import { type DeflateAgreement, type DeflateOptions, type DeflateSettings, deflateSettings } from "./deflate.js";
import { FrameEncoder } from "./encoder.js";
import { type FrameLimits, frameLimits } from "./limits.js";
import { MessageDeflate } from "./message-deflate.js";
import type { BytePrimitives, CompressionPrimitives } from "./primitives.js";

export type ConnectionRole = "server" | "client";

export interface ConnectionProfile {
  readonly role: ConnectionRole;
  readonly primitives: BytePrimitives;
  readonly limits: FrameLimits;
  readonly encoder: FrameEncoder;
  /** Whether the peer must mask what it sends: we are the server. */
  readonly expectsMask: boolean;
  /** What to negotiate; undefined where compression is off or the host has none. */
  readonly deflate: DeflateSettings | undefined;
  readonly compression: CompressionPrimitives | undefined;
}

export interface ProfileOptions {
  readonly role: ConnectionRole;
  readonly primitives: BytePrimitives;
  readonly limits?: Partial<FrameLimits> | undefined;
  /** Absent where the host cannot compress. */
  readonly compression?: CompressionPrimitives | undefined;
  /** `false` or absent: compression is not negotiated. */
  readonly deflate?: DeflateOptions | boolean | undefined;
}

/** @throws VaivenError `API_INVALID_OPTION` for compression settings out of range. */
export function connectionProfile(options: ProfileOptions): ConnectionProfile {
  const { role, primitives, compression, deflate } = options;
  const compresses = compression !== undefined && deflate !== undefined && deflate !== false;
  return Object.freeze({
    role,
    primitives,
    limits: frameLimits(options.limits),
    encoder: new FrameEncoder(primitives, role === "client"),
    expectsMask: role === "server",
    deflate: compresses ? deflateSettings(deflate === true ? {} : deflate) : undefined,
    compression,
  });
}

/** The compression of one connection whose handshake came to `agreement`; undefined without one. */
export function messageDeflate(
  profile: ConnectionProfile,
  agreement: DeflateAgreement | undefined,
): MessageDeflate | undefined {
  if (agreement === undefined || profile.deflate === undefined || profile.compression === undefined) return undefined;
  const isServer = profile.role === "server";
  return new MessageDeflate(agreement, profile.deflate, isServer, profile.compression, profile.limits.maxMessageBytes);
}

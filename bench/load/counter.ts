// Load generator: received bytes counted into replies. Where a chunk is a whole number of replies it is not looked at.

/** Counts the replies in what arrives; what is no reply (a ping, a close) it reports. */
export interface Counter {
  count(chunk: Uint8Array, bytes: number): number;
}

/** The control's replies are bytes without boundaries. */
export class ByteCounter implements Counter {
  #replyBytes: number;
  #rest = 0;

  constructor(replyBytes: number) {
    this.#replyBytes = replyBytes;
  }

  count(_chunk: Uint8Array, bytes: number): number {
    const total = this.#rest + bytes;
    const replies = Math.floor(total / this.#replyBytes);
    this.#rest = total - replies * this.#replyBytes;
    return replies;
  }
}

/** Payload of a ping, and no reply's: one byte. */
const PING_LENGTH = 1;
/** The second character of a control packet of vaivén's (`47[…]`). */
const CONTROL = 0x37;
/** The question is known by its length: what tells a count has another. */
const ASKING_LENGTH = '47["confirm"]'.length;

/** Server frames: unmasked, never fragmented here; a text frame "2" is an Engine.IO ping. */
export class FrameCounter implements Counter {
  #replyBytes: number;
  #replyFrames: number;
  #onPing: () => void;
  #onClose: () => void;
  /** Called for a control packet; undefined where there are none. */
  #onControl: ((isQuestion: boolean) => void) | undefined;
  #length = 0;
  #isControl = false;
  #header = new Uint8Array(10);
  #headerBytes = 0;
  /** Bytes of the current frame's payload still to come. */
  #left = 0;
  #isSingleByteText = false;
  #sawPing = false;
  /** Finished frames of a reply that has more of them. */
  #frames = 0;

  constructor(
    replyBytes: number,
    replyFrames: number,
    onPing: () => void,
    onClose: () => void,
    onControl?: (isQuestion: boolean) => void,
  ) {
    this.#replyBytes = replyBytes;
    this.#replyFrames = replyFrames;
    this.#onPing = onPing;
    this.#onClose = onClose;
    this.#onControl = onControl;
  }

  count(chunk: Uint8Array, bytes: number): number {
    if (this.#left === 0 && this.#headerBytes === 0 && this.#frames === 0 && bytes % this.#replyBytes === 0) {
      // A ping or a control packet in between and a cut reply can make up the same length; then the last reply does not begin where it should.
      const last = bytes - this.#replyBytes;
      const second = chunk[1] ?? 0;
      if (
        (chunk[last] ?? 0) >= 0x80 &&
        chunk[last] === chunk[0] &&
        chunk[last + 1] === second &&
        second !== PING_LENGTH
      ) {
        return bytes / this.#replyBytes;
      }
    }
    return this.#walk(chunk, bytes);
  }

  #walk(chunk: Uint8Array, bytes: number): number {
    let replies = 0;
    let at = 0;
    while (at < bytes) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes - at);
        this.#sawPing = this.#isSingleByteText && chunk[at] === 0x32;
        if (this.#onControl !== undefined) this.#lookForControl(chunk, at, step);
        at += step;
        this.#left -= step;
      } else {
        this.#header[this.#headerBytes++] = chunk[at++] ?? 0;
        if (!this.#readHeader()) continue;
      }
      if (this.#left === 0 && this.#finishFrame()) replies++;
    }
    return replies;
  }

  /** The second character tells: it stands at this place of what is left of the frame. */
  #lookForControl(chunk: Uint8Array, at: number, step: number): void {
    const second = this.#left - (this.#length - 1);
    if (second >= 0 && second < step && this.#header[0] === 0x81) this.#isControl = chunk[at + second] === CONTROL;
  }

  #readHeader(): boolean {
    if (this.#headerBytes < 2) return false;
    const short = (this.#header[1] ?? 0) & 0x7f;
    const needed = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (this.#headerBytes < needed) return false;
    let length = short;
    if (needed > 2) {
      length = 0;
      for (let i = 2; i < needed; i++) length = length * 256 + (this.#header[i] ?? 0);
    }
    this.#headerBytes = 0;
    this.#left = length;
    this.#length = length;
    this.#isControl = false;
    this.#isSingleByteText = length === PING_LENGTH && this.#header[0] === 0x81;
    this.#sawPing = false;
    if (((this.#header[0] ?? 0) & 0x0f) === 8) this.#onClose();
    return true;
  }

  #finishFrame(): boolean {
    if (this.#sawPing) {
      this.#sawPing = false;
      this.#onPing();
      return false;
    }
    if (((this.#header[0] ?? 0) & 0x0f) > 2) return false;
    if (this.#isControl) {
      this.#onControl?.(this.#length === ASKING_LENGTH);
      return false;
    }
    this.#frames++;
    if (this.#frames < this.#replyFrames) return false;
    this.#frames = 0;
    return true;
  }
}

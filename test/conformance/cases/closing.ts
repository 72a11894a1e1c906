// Conformance: the closing handshake, its codes and reasons, and what stands behind it (RFC 6455 sections 5.5.1 and 7).
import { type Case, failing, pong, text } from "../case.js";
import { CLOSE, CONTINUATION, closePayload, FIN, PING, TEXT, type TestPeer } from "../peer.js";

const close =
  (payload: Uint8Array | string = closePayload(1000)) =>
  (peer: TestPeer): Buffer =>
    peer.frame(FIN | CLOSE, payload);
const behind = (peer: TestPeer, ...frames: Buffer[]): Buffer => Buffer.concat([close()(peer), ...frames]);

const TAKEN = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const REFUSED = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 10_000, 65_535];

export const closing: readonly Case[] = [
  {
    name: "5.5.1: a message, and a close",
    bytes: (peer) => Buffer.concat([peer.frame(FIN | TEXT, "Hello"), close()(peer)]),
    frames: [text("Hello")],
    close: 1000,
  },
  { name: "5.5.1: a close without a code is answered without one", bytes: close(""), close: "" },
  { name: "5.5.1: a close with a code", bytes: close(), close: 1000 },
  { name: "5.5.1: a close with a code and a reason", bytes: close(closePayload(1000, "Hello World!")), close: 1000 },
  { name: "5.5.1: a close with the longest reason", bytes: close(closePayload(1000, "*".repeat(123))), close: 1000 },
  { name: "5.5.1: a close with a reason beyond ASCII", bytes: close(closePayload(1000, "κόσμε 😀")), close: 1000 },
  { name: "5.5.1: a close byte by byte", bytes: close(closePayload(4001, "bye")), chop: 1, close: 4001 },
  failing("5.5.1: a close of one byte", close(Buffer.from([3])), 1002),
  failing("5.5: a close of 126 bytes", close(closePayload(1000, "*".repeat(124))), 1002),
  failing("5.5: a close that is a fragment", (peer) => peer.frame(CLOSE, closePayload(1000)), 1002),
  ...["ff", "ceba e1bdb9 cf83 ed a080", "c3", "f4908080"].map((digits) =>
    failing(
      `5.5.1: a reason that is no UTF-8 (${digits})`,
      close(closePayload(1000, Buffer.from(digits.replaceAll(" ", ""), "hex"))),
      1007,
    ),
  ),
  ...TAKEN.flatMap((code) => [
    { name: `7.4: the code ${code}`, bytes: close(closePayload(code)), close: code },
    { name: `7.4: the code ${code} with a reason`, bytes: close(closePayload(code, "reason")), close: code },
  ]),
  ...REFUSED.flatMap((code) => [
    failing(`7.4: the code ${code}`, close(closePayload(code)), 1002),
    failing(`7.4: the code ${code} with a reason`, close(closePayload(code, "reason")), 1002),
  ]),
  {
    name: "5.5.1: a second close is not answered",
    bytes: (peer) => behind(peer, close(closePayload(4000))(peer)),
    close: 1000,
  },
  {
    name: "5.5.1: a ping behind a close is not answered",
    bytes: (peer) => behind(peer, peer.frame(FIN | PING, "p")),
    close: 1000,
  },
  {
    name: "5.5.1: a message behind a close is not taken",
    bytes: (peer) => behind(peer, peer.frame(FIN | TEXT, "late")),
    close: 1000,
  },
  {
    name: "7.1.7: what breaks rules behind a close changes nothing",
    bytes: (peer) => behind(peer, Buffer.alloc(100, 0xff)),
    close: 1000,
  },
  {
    name: "5.5.1: a close inside a fragmented message",
    bytes: (peer) => Buffer.concat([peer.frame(TEXT, "frag"), close()(peer), peer.frame(FIN | CONTINUATION, "ment")]),
    close: 1000,
  },
  {
    name: "5.5.2: a ping before a close is answered",
    bytes: (peer) => Buffer.concat([peer.frame(FIN | PING, "p"), close()(peer)]),
    frames: [pong("p")],
    close: 1000,
  },
  {
    name: "6.1: 256 KB and a close: what was received before is echoed first",
    bytes: (peer) => Buffer.concat([peer.frame(FIN | TEXT, "B".repeat(262_144)), close()(peer)]),
    frames: [text("B".repeat(262_144))],
    close: 1000,
  },
];

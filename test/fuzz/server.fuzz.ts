// A whole server in memory: valid conversations, mutated by bytes and by structure (server-conversation.ts).
import type { FuzzTarget } from "./fuzz-target.js";
import { conversation, serverTarget } from "./server-conversation.js";

export const target: FuzzTarget = serverTarget({}, 0, {
  name: "server",
  share: 6,
  seeds: [
    conversation("h", "p40", "g", 'p42["echo",1]', "g", 'p420["echo",{"a":[1]}]', "g", "p41", "a"),
    conversation("w", "t40", 't42["echo",1,2]', 't4212["echo","x"]', "i", 't430["answer"]', "t41", "e"),
    conversation("h", "p40", "g", "u", "t2probe", "t5", 't42["echo"]', "i", 't431["answer"]', "d"),
    conversation(
      "w",
      "t40",
      't451-["echo",{"_placeholder":true,"num":0}]',
      "b\x01\x02",
      't461-0[{"_placeholder":true,"num":0}]',
      "b\x03",
    ),
    conversation("h", 'p40\x1e451-["echo",{"_placeholder":true,"num":0}]\x1ebAQI=', "g", "g", "p3", "p1"),
    conversation(
      "w",
      "t40/made-a,",
      't42/made-a,["echo"]',
      "t40/closed,",
      "t40/none,",
      't40{"token":1}',
      "t41/made-a,",
      "dx",
    ),
    conversation("w", "t40", "f\x014", 'f\x002["echo"', "f\x89ping", "f\x80]", "f\x8a", "f\x88\x03\xe8bye"),
    conversation("h&EIO=3", "p4:40/a", "g", "w&EIO=3", "t2", 't42["echo"]', "s\x01", "r\x81\x80\0\0\0\0"),
    conversation(
      "h",
      "u",
      "u",
      "g",
      "g",
      "x",
      "xOPTIONS &a=b",
      "xDELETE  ",
      "kOrigin: http://x\nCookie: a=b",
      "h&j=0",
      "h&b64=1",
    ),
    conversation("h", "p40", "m\x96", "g", "m\xc8", "p3", "w", "m\x20", "t40", "mú", "t3", "mú", "mú", "g"),
    conversation("w", "t40", "w", "s\x01", "t40", 't42["join","room"]', "s\0", "i", "s\x01", 't42["leave"]', "e", "ex"),
    conversation(
      "u",
      "w",
      "f\xc1\x32\x31\x00",
      "fÁ",
      "t40",
      't42["__proto__",{"__proto__":1}]',
      't42["constructor"]',
      't42["error"]',
    ),
  ],
});

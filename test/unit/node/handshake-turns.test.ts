// RFC 6455 section 4.1, step 2: whose opening handshake it is.
import { beforeEach, describe, expect, it } from "vitest";
import { HandshakeTurns } from "../../../src/node/handshake-turns.js";

let turns: HandshakeTurns;
let begun: string[];
const take = (name: string, ...remotes: string[]): (() => void) => turns.take(remotes, () => begun.push(name));

beforeEach(() => {
  turns = new HandshakeTurns();
  begun = [];
});

describe("turns of handshakes", () => {
  it("begin at once where nobody is before them", () => {
    take("a", "1:80");
    take("b", "1:81");
    take("c", "2:80");
    expect(begun).toEqual(["a", "b", "c"]);
  });

  it("follow each other in the order in which they were taken", () => {
    const a = take("a", "1:80");
    const b = take("b", "1:80");
    const c = take("c", "1:80");
    expect(begun).toEqual(["a"]);
    a();
    expect(begun).toEqual(["a", "b"]);
    b();
    c();
    expect(begun).toEqual(["a", "b", "c"]);
    expect(turns.size).toBe(0);
  });

  it("are given back once, and also by who never began", () => {
    const a = take("a", "1:80");
    const b = take("b", "1:80");
    take("c", "1:80");
    b();
    b();
    expect(begun).toEqual(["a"]);
    a();
    a();
    expect(begun).toEqual(["a", "c"]);
  });

  it("of a host with several addresses wait for each of them, and nobody waits in a circle", () => {
    const a = take("a", "1:80", "2:80");
    const b = take("b", "2:80", "3:80");
    const c = take("c", "3:80", "1:80");
    const d = take("d", "4:80", "4:80");
    expect(begun).toEqual(["a", "d"]);
    a();
    expect(begun).toEqual(["a", "d", "b"]);
    b();
    c();
    d();
    expect(begun).toEqual(["a", "d", "b", "c"]);
    expect(turns.size).toBe(0);
  });

  it("may be given back while the next one begins", () => {
    const a = take("a", "1:80");
    let giveBack = (): void => {};
    const names: string[] = [];
    giveBack = turns.take(["1:80"], () => {
      names.push("b");
      giveBack();
    });
    turns.take(["1:80"], () => names.push("c"));
    a();
    expect(names).toEqual(["b", "c"]);
  });
});

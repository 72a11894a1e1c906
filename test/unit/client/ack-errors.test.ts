import { describe, expect, it } from "vitest";
import { microtasks, OPEN, type Scene, scene } from "./scripted-host.js";

const OURS = OPEN.replace("}", ',"vaiven":{"v":1,"caps":["ack-errors"]}}');

async function joined({ socket, last, sent, receive }: Scene, open = OURS): Promise<ReturnType<Scene["socket"]>> {
  const client = socket({}, false);
  last().accept(open);
  receive('40{"sid":"s1"}');
  sent();
  await microtasks();
  return client;
}

describe("an error as acknowledgement, with a server of ours", () => {
  it("goes out where a listener gives it, throws it or rejects with it, and where there is no listener", async () => {
    const made = scene();
    const client = await joined(made);
    client.on("given", (ack) => ack(Object.assign(new TypeError("a"), { code: "E", data: 1 })));
    client.on("throws", () => {
      throw new Error("b");
    });
    client.once("rejects", () => ({
      // biome-ignore lint/suspicious/noThenProperty: a promise would leave a rejection that nobody handles
      then: (_: unknown, failed: (cause: unknown) => void) => attempt(() => failed("c")),
    }));
    expect(() => made.receive('420["given"]', '421["throws"]', '422["rejects"]', '423["nobody"]')).toThrow("b");
    await microtasks();
    expect(made.sent()).toEqual([
      '47["ack-error",0,{"name":"TypeError","message":"a","code":"E","data":1}]',
      '47["ack-error",1,{"name":"Error","message":"b"}]',
      '47["ack-error",2,{"name":"Error","message":"c"}]',
      '47["ack-error",3,{"name":"VaivenError","message":"no listener for \\"nobody\\"","code":"ACK_UNHANDLED"}]',
    ]);
  });

  it("that comes rejects emitWithAck, is the error of the timed form, and the argument of a plain callback", async () => {
    const { receive, ...made } = scene();
    const client = await joined({ receive, ...made });
    const got: unknown[] = [];
    const promise = client.emitWithAck("a");
    client.timeout(100).emit("b", (...args: unknown[]) => got.push(args));
    client.emit("c", (...args: unknown[]) => got.push(args));
    for (const id of [0, 1, 2]) receive(`47["ack-error",${id},{"name":"TypeError","message":"no","code":5}]`);
    const error = Object.assign(new Error("no"), { name: "TypeError", code: 5 });
    await expect(promise).rejects.toEqual(error);
    expect(got).toEqual([[error], [error]]);
  });
});

describe("an error as acknowledgement, with a stock server", () => {
  it("is what JSON makes of it, and what nobody answers stays unanswered", async () => {
    const made = scene();
    const client = await joined(made, OPEN);
    client.on("given", (ack) => ack(new Error("a")));
    made.receive('420["given"]', '421["nobody"]');
    expect(made.sent()).toEqual(["430[{}]"]);
    made.receive('47["ack-error",0,{"name":"","message":""}]');
    expect(client.connected).toBe(false);
  });
});

function attempt(fn: () => void): void {
  try {
    fn();
  } catch {
    // The rejection goes on its way, which here is nobody's.
  }
}

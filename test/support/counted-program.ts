// Test support: a process that counts from its start, because V8 counts the blocks of a function only where it was compiled for that. `measureAll` of the module named runs in it.
import { WorkMeter } from "./work-meter.js";

const meter = new WorkMeter().open();
const [module = ""] = process.argv.slice(2);

async function main(): Promise<void> {
  const { measureAll } = (await import(module)) as { measureAll: (meter: WorkMeter) => unknown };
  process.stdout.write(JSON.stringify(measureAll(meter)), () => process.exit());
}

void main();

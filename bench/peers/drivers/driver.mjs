// The loop of a driver in JavaScript; drivers/driver.py is the same in Python.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Answer until the input ends. `acts`: functions by name, which take the request's other fields as one object. */
export async function serve(acts, packages) {
  const versions = { Node: process.versions.node };
  for (const name of packages) {
    const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
    versions[name] = JSON.parse(readFileSync(manifest)).version;
  }
  const reply = (message) => process.stdout.write(JSON.stringify(message) + "\n");
  reply({ versions });
  for await (const line of createInterface({ input: process.stdin })) {
    const { act, ...fields } = JSON.parse(line);
    const start = process.cpuUsage(); // all threads, user and system
    let result;
    try {
      result = (await acts[act](fields)) ?? null;
    } catch (error) {
      reply({ error: String(error.stack) }); // who asked decides what an error means
      continue;
    }
    const { user, system } = process.cpuUsage(start);
    reply({ seconds: (user + system) / 1e6, result });
  }
}

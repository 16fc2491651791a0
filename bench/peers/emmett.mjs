// Appends with emmett-postgresql for the bench: a line of JSON in, how many callers and what each event says; a line
// out, the seconds of the whole and of each append. Each caller has a stream of its own and expects its version.
import { createInterface } from "node:readline";
import { performance } from "node:perf_hooks";
import { randomUUID } from "node:crypto";
import { getPostgreSQLEventStore } from "@event-driven-io/emmett-postgresql";

const store = getPostgreSQLEventStore(process.argv[2]);
const streams = [];

async function append(stream, claims, taken) {
  for (const data of claims) {
    const begun = performance.now();
    const done = await store.appendToStream(stream.name, [{ type: "ClaimMade", data }], {
      expectedStreamVersion: stream.version,
    });
    stream.version = done.nextExpectedStreamVersion;
    taken.push((performance.now() - begun) / 1000);
  }
}

async function round({ callers, claims }) {
  while (streams.length < callers) streams.push({ name: `incident-${randomUUID()}`, version: 0n });
  const shares = streams.slice(0, callers).map((stream, n) => [stream, claims.filter((_, at) => at % callers === n)]);
  const taken = [];
  const begun = performance.now();
  await Promise.all(shares.map(([stream, share]) => append(stream, share, taken)));
  return { seconds: (performance.now() - begun) / 1000, latencies: taken };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await round(JSON.parse(line)))}\n`);
}
await store.close();

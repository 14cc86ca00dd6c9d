// BullMQ: locks that are renewed and the stalled check are on, as they come; finished jobs are removed, as its guide to
// production says, so that Redis does not fill up.
import { renameSync, writeFileSync } from "node:fs";
import { Queue, Worker } from "bullmq";

const { REDIS_URL, BENCH_EXPECTED, BENCH_TALLY, BENCH_BODY, BENCH_HANDLER_SECONDS, BENCH_CONCURRENCY } = process.env;
const { hostname, port } = new URL(REDIS_URL);
const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
const pause = Number(BENCH_HANDLER_SECONDS ?? 0) * 1000;
const monotonic = () => Number(process.hrtime.bigint()) / 1e9;
const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;

async function fill(count) {
  const queue = new Queue("events", { connection });
  for (let start = 0; start < count; start += 500) {
    const numbers = Array.from({ length: Math.min(500, count - start) }, (_, at) => start + at);
    await queue.addBulk(numbers.map((n) => ({ name: "event", data: { id: `event-${n}`, body: BENCH_BODY } })));
  }
  await queue.close();
}

function work() {
  const expected = Number(BENCH_EXPECTED);
  const seen = new Set();
  let began = 0;
  let cpu = 0;
  let calls = 0;
  const handle = async (job) => {
    if (!calls) [began, cpu] = [monotonic(), cpuSeconds()];
    calls += 1;
    seen.add(job.data.id);
    if (seen.size === expected && !seen.written) {
      seen.written = true;
      writeFileSync(`${BENCH_TALLY}.part`, JSON.stringify({ began, cpu: cpuSeconds() - cpu, calls, times: {} }));
      renameSync(`${BENCH_TALLY}.part`, BENCH_TALLY);
    }
    if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
  };
  const concurrency = Number(BENCH_CONCURRENCY);
  const worker = new Worker("events", handle, { connection, concurrency, removeOnComplete: { count: 0 } });
  process.on("SIGTERM", () => worker.close().then(() => process.exit(0)));
}

await (process.argv[2] === "fill" ? fill(Number(process.argv[3])) : work());

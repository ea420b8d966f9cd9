// A peer for the tests, run by Node: a way is the milliseconds of its steps, or an error's text.
import { createInterface } from "node:readline";

const [, , threads, way] = process.argv;
const write = (value) => console.log(JSON.stringify(value));
if (way === "missing") {
  console.error("Traceback ...\nModuleNotFoundError: No module named 'torch'");
  process.exit(1);
}
write({ library: "Fake 1.0", threads: Number(threads) });
for await (const line of createInterface({ input: process.stdin })) {
  const { count } = JSON.parse(line);
  write(Number(way) > 0 ? Array.from({ length: count }, () => Number(way)) : { error: way });
}

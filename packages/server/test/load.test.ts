import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { servingPython } from "../../../tooling/fixtures/serving/python.ts";
import { serve } from "./served.ts";

/*
 * Strangers against a server: schemathesis sends what its OpenAPI document allows and forbids, and
 * autocannon sends much. Both take long: GEN_TEST_ALL=1 runs them.
 */

/** Where schemathesis writes what it found. */
const folder = mkdtempSync(join(tmpdir(), "gen-server-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** The output of a program and its exit code. */
const output = (program: string, args: readonly string[]) =>
  new Promise<{ code: number | null; text: string }>((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
    }
    child.once("error", reject).once("close", (code) => resolve({ code, text }));
  });

describe.runIf(process.env.GEN_TEST_ALL === "1")("a server of points", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    server = await serve({ limits: { count: 8, steps: 20, queue: 200 }, token: "secret" });
  });
  afterAll(() => server.close(1));

  it("answers as its OpenAPI document says, whatever schemathesis sends", async () => {
    const { code, text } = await output(servingPython(), [
      ...["-m", "schemathesis.cli", "run", `${server.url}/openapi.json`],
      ...["--header", "Authorization: Bearer secret", "--max-examples", "40", "--seed", "1"],
      ...["--no-color", "--checks", "all", "--exclude-checks", "positive_data_acceptance"],
    ]);
    expect(code, text).toBe(0);
    expect(server.errors).toEqual([]);
  }, 600_000);

  it("answers each of 50 clients, and its memory stays flat", async () => {
    const cannon = createRequire(import.meta.url).resolve("autocannon");
    const fire = async (amount: number) => {
      const { text } = await output(process.execPath, [
        cannon,
        ...["--json", "-c", "50", "-a", String(amount), "-m", "POST", "-t", "60"],
        ...["-H", "content-type=application/json", "-H", "authorization=Bearer secret"],
        ...["-b", JSON.stringify({ count: 1, steps: 5, seed: 3 }), `${server.url}/v1/samples`],
      ]);
      return JSON.parse(text.slice(text.indexOf("{"))) as Record<string, number>;
    };
    const heap = async () => {
      const headers = { authorization: "Bearer secret" };
      const text = await (await fetch(`${server.url}/metrics`, { headers })).text();
      return Number(/^nodejs_heap_size_used_bytes (\d+)/m.exec(text)?.[1]);
    };
    await fire(2000);
    const before = await heap();
    const found = await fire(10_000);
    expect(found).toMatchObject({ "2xx": 10_000, non2xx: 0, errors: 0, timeouts: 0 });
    // The collector decides when memory is free. A leak of an answer each would stay.
    const growth = async () => {
      await fire(500);
      return (await heap()) - before;
    };
    await expect.poll(growth, { timeout: 60_000 }).toBeLessThan(40e6);
  }, 600_000);
});

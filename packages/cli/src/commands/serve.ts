import { Command } from "commander";
import { usageError } from "../errors.ts";
import { checkModelFolder } from "../files.ts";
import { backendNames, choice, decimal, integer, pageOrigin, path, words } from "../options.ts";
import type { ServeOptions } from "../runs/serve.ts";
import { interruptSignal } from "../terminal.ts";

/** `gen serve`. */
export function serveCommand(): Command {
  return new Command("serve")
    .description("serve a model over HTTP, in the shape that OpenAI's clients speak")
    .option(
      "--model <folder>",
      "a pipeline folder as `gen sample` takes it, or a folder of prompts as `gen generate` takes it, or its http(s) URL",
      path,
    )
    .option("--name <name>", "the model's name for clients (default: the folder's)", words)
    .option("--host <address>", "the address to listen at", words, "127.0.0.1")
    .option("--port <n>", "the port; 0 takes a free one", integer(0, 65_535), 8080)
    .option(
      "--token-file <file>",
      "a file with the token that clients must send (default: none; GEN_SERVER_TOKEN has the token itself)",
      path,
    )
    .option("--anyone", "serve without a token at an address that others reach", false)
    .option("--origin <url>", "a page's origin that may ask; repeat it for more", pageOrigin)
    .option("--max-count <n>", "samples in one request", integer(1, 100_000), 16)
    .option("--max-steps <n>", "steps of a sampler", integer(1, 100_000), 1000)
    .option("--max-size <n>", "pixels on a side of a picture", integer(1, 16_384), 2048)
    .option("--max-queue <n>", "requests that wait; more are answered 429", integer(1, 100_000), 64)
    .option("--batch <n>", "samples in a run of several requests", integer(1, 4096), 16)
    .option(
      "--exact <n>",
      "samples of every batch, so that an answer has the same bits whatever shares its run (default: as many as wait, equal to about 1e-6)",
      integer(1, 64),
    )
    .addOption(
      choice(
        "--backend <name>",
        "the backend, with --queue that of the workers; `gen backends` tests each",
        backendNames,
        "onnx",
      ),
    )
    .option(
      "--queue <queue>",
      "compute nothing here: hand the work to the workers of `gen jobs work` at this queue, by its name or by Redis' address, whose queue is gen",
      words,
    )
    .option(
      "--redis <url>",
      "Redis' address (default: GEN_REDIS, else redis://127.0.0.1:6379)",
      words,
    )
    .option(
      "--store <folder>",
      "where models and results are: a folder that all workers see, or s3://bucket/prefix",
      path,
    )
    .option("--no-upload", "keep the model's files out of the store: workers have them by --model")
    .option(
      "--timeout <s>",
      "seconds for which a run waits for workers (default: 600)",
      decimal(0, 86_400, true),
    )
    .option("--json", "print the address as JSON on stdout", false)
    .addHelpText(
      "after",
      `
Needs: npm install fastify @fastify/cors @fastify/swagger prom-client

  POST /v1/images/generations   pictures of a prompt, as OpenAI's clients ask for them
  POST /v1/samples              samples of a model without prompts
  GET /v1/models /openapi.json /health /ready /metrics

Requests that fit together share a run, and each gets the numbers that it would get alone.
Ctrl-C refuses what waits and lets the run under way end; a second Ctrl-C ends at once.

With --queue each run is a job before all others, and as many runs are under way as workers are
there. It needs bullmq and ioredis too. The samples are those of a server that computes itself.

Examples:
  gen serve --model moons
  gen serve --model stable-diffusion --port 8000 --max-steps 50 --max-count 4
  gen serve --model moons --host 0.0.0.0 --token-file token.txt --origin https://example.com
  gen serve --model moons --queue redis://queue.internal:6379 --store /mnt/jobs`,
    )
    .action(run);
}

async function run(options: ServeOptions): Promise<void> {
  const { model } = options;
  if (model === undefined)
    throw usageError("--model must be given: a folder as `gen train ddpm` makes it");
  const signal = interruptSignal("the run under way ends");
  await checkModelFolder(model);
  const { runServe } = await import("../runs/serve.ts");
  await runServe({ ...options, model, signal });
}

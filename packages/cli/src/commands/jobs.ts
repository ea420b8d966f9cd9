import { Command } from "commander";
import { backendList, backendNames, choice, decimal, integer, path, words } from "../options.ts";
import type { CollectOptions } from "../runs/jobs-collect.ts";
import type { StatusOptions } from "../runs/jobs-status.ts";
import type { SubmitOptions } from "../runs/jobs-submit.ts";
import type { WorkerOptions } from "../runs/jobs-work.ts";

const install = "Needs: npm install bullmq ioredis, and a Redis: redis-server --appendonly yes";

/** `gen jobs` with its commands. */
export function jobsCommand(): Command {
  return (
    new Command("jobs")
      .description("split work over many workers, with the bits of one process")
      // Options after the name of submit's command are that command's.
      .enablePositionalOptions()
      .addCommand(submitCommand())
      .addCommand(workCommand())
      .addCommand(statusCommand())
      .addCommand(collectCommand())
      .addCommand(retryCommand())
      .addCommand(cancelCommand())
  );
}

/** Adds the options that reach the queue. */
const withQueueOptions = (command: Command): Command =>
  command
    .option(
      "--redis <url>",
      "Redis' address (default: GEN_REDIS, else redis://127.0.0.1:6379)",
      words,
    )
    .option("--queue <name>", "the queue's name in Redis", words, "gen");

const withStore = (command: Command): Command =>
  command.option(
    "--store <folder>",
    "where models and results are: a folder that all workers see, or s3://bucket/prefix",
    path,
  );

const json = "print the result as JSON on stdout";

function submitCommand(): Command {
  const command = new Command("submit")
    .description("put a job into the queue: samples, pictures, an evaluation, or latents")
    .argument(
      "<command...>",
      "`sample`, `generate`, `evaluate`, `encode` or `decode` with its options, as it would run here",
    )
    .passThroughOptions();
  return withStore(withQueueOptions(command))
    .option(
      "--backends <names>",
      "the backends that may share the job, with commas between (default: the command's --backend)",
      backendList,
    )
    .option("--priority <n>", "jobs with a larger one run first", integer(-1_000_000, 1_000_000), 0)
    .option(
      "--most <n>",
      "parts that may run at the same time (default: as many as workers)",
      integer(1, 100_000),
    )
    .option("--part-seconds <s>", "seconds that a part should take", decimal(0, 86_400, true), 20)
    .option("--no-upload", "keep the model's files out of the store: workers have them by --model")
    .option("--json", json, false)
    .addHelpText(
      "after",
      `
${install}

A first short part measures the time. The others take --part-seconds each. A part is whole batches
of the run that one process makes, so that each sample has the same bits, whoever computes it.

Options of the job come before the command, options of the command after its name.

Examples:
  gen jobs submit --store results sample --model moons --count 50000 --seed 7
  gen jobs submit --store /mnt/jobs --priority 5 --most 8 generate "a red fox" --model sd15 --count 64
  gen jobs submit --store results --backends onnx/node-cuda,onnx/node-cpu sample --model digits --count 1000
  gen jobs submit --store results evaluate --model digits --sampler ddim --count 50000
  gen jobs submit --store results encode --model stable-diffusion --data pictures/ --size 512`,
    )
    .action(async (given: string[], options: SubmitOptions) => {
      const { runSubmit } = await import("../runs/jobs-submit.ts");
      await runSubmit(given, options);
    });
}

function workCommand(): Command {
  return withStore(withQueueOptions(new Command("work")))
    .description("compute parts of the queue's jobs, until Ctrl-C")
    .addOption(
      choice("--backend <name>", "the backend; `gen backends` tests each", backendNames, "onnx"),
    )
    .option(
      "--model <folder>",
      "a model's folder that is used in place of the store's, where its checksum is the job's",
      path,
    )
    .option(
      "--cache <folder>",
      "where fetched models are kept (default: gen/jobs in the user's cache)",
      path,
    )
    .option(
      "--name <name>",
      "the worker's name in records (default: the host's, and the process id)",
      words,
    )
    .option("--drain", "end when no job is left that this worker can compute", false)
    .option(
      "--lease <s>",
      "seconds after which another worker takes the part of one that is gone",
      decimal(0, 3600, true),
      30,
    )
    .option("--patience <s>", "seconds for which the store may fail", decimal(0, 86_400), 60)
    .option("--json", json, false)
    .addHelpText(
      "after",
      `
${install}

Start one for each processor or GPU, on as many machines as see Redis and the store. A worker may
be killed at any time: another takes its part. Ctrl-C gives the part back at once.

A part that fails three times is set aside with its reason, and the others go on. A store that fails
is tried again for --patience; then the worker ends with an error, and its part is given back.

Examples:
  gen jobs work --store results
  gen jobs work --store /mnt/jobs --redis redis://queue:6379 --backend onnx/node-cuda
  gen jobs work --store results --drain`,
    )
    .action(async (options: WorkerOptions) => {
      const { runWork } = await import("../runs/jobs-work.ts");
      await runWork(options);
    });
}

function statusCommand(): Command {
  return withQueueOptions(new Command("status"))
    .description("show how far the queue's jobs are")
    .argument("[job]", "a job's id, to see who computed what, and what was set aside")
    .option("--follow", "show progress until the job is over", false)
    .option("--json", json, false)
    .addHelpText(
      "after",
      `
${install}

The exit code is 1 when parts of the job are set aside. gen jobs retry tries them again.

Examples:
  gen jobs status
  gen jobs status k3v9x2abq7mn --follow`,
    )
    .action(async (id: string | undefined, options: StatusOptions) => {
      const { runStatus } = await import("../runs/jobs-status.ts");
      await runStatus(id, options);
    });
}

function collectCommand(): Command {
  return withStore(new Command("collect"))
    .description("write the results of a job as one process would have written them")
    .argument("<job>", "the job's id")
    .option(
      "--out <path>",
      "a picture (.png), the numbers (.npy), or a folder of both and of single pictures (default: samples.npy, evaluation.png, latents.npy or decoded.png)",
      path,
    )
    .option("--force", "replace an existing result", false)
    .option("--json", json, false)
    .addHelpText(
      "after",
      `
It reads the store alone: the queue may be gone. Of an evaluation it measures the distances, from the
features that workers computed; it writes the picture and prints the table of \`gen evaluate\`.

Examples:
  gen jobs collect k3v9x2abq7mn --store results --out samples.npy
  gen jobs collect k3v9x2abq7mn --store /mnt/jobs --out foxes/`,
    )
    .action(async (id: string, options: CollectOptions) => {
      const { runCollect } = await import("../runs/jobs-collect.ts");
      await runCollect(id, options);
    });
}

function retryCommand(): Command {
  return withQueueOptions(new Command("retry"))
    .description("try the parts of a job that were set aside again")
    .argument("<job>", "the job's id")
    .option("--json", json, false)
    .addHelpText(
      "after",
      `
${install}

Mend the cause first: gen jobs status shows it. Each part is then tried three more times, by workers
that run or come later. Workers that refused the job look at it again.

Exits with 0 also when no part was set aside.

Examples:
  gen jobs retry k3v9x2abq7mn`,
    )
    .action(async (id: string, options: StatusOptions) => {
      const { runRetry } = await import("../runs/jobs-status.ts");
      await runRetry(id, options);
    });
}

function cancelCommand(): Command {
  return withQueueOptions(new Command("cancel"))
    .description("take a job out of the queue; what it has in the store stays")
    .argument("<job>", "the job's id")
    .option("--json", json, false)
    .addHelpText(
      "after",
      `
${install}

Examples:
  gen jobs cancel k3v9x2abq7mn`,
    )
    .action(async (id: string, options: StatusOptions) => {
      const { runCancel } = await import("../runs/jobs-status.ts");
      await runCancel(id, options);
    });
}

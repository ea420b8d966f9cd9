import { join, relative, resolve } from "node:path";
import { openBackend } from "@gen/runtime-gpu";
import { checkWritable } from "../files.ts";
import { withFolderLock } from "../folder-lock.ts";
import type { CommonOptions } from "../options.ts";
import { draw, lossSheet } from "../quickstart/draw.ts";
import { learn } from "../quickstart/learn.ts";
import { claimQuickstart, reportFile, startRun } from "../quickstart/run.ts";
import { duration, interruptSignal, invocation, print } from "../terminal.ts";

interface QuickstartOptions extends CommonOptions {
  readonly effort: number;
  readonly saveEvery: number;
}

/** Runs `gen quickstart`. */
export async function quickstart(options: QuickstartOptions): Promise<void> {
  const { out, seed, force, effort } = options;
  await checkWritable(out);
  await withFolderLock(out, async () => {
    const before = await claimQuickstart(out, { seed, effort, force });
    const signal = interruptSignal();
    const backend = await openBackend(options.backend);
    try {
      await runQuickstart({ ...options, backend, signal, before });
    } finally {
      await backend.close();
    }
  });
}

type RunOptions = Omit<QuickstartOptions, "backend"> & Parameters<typeof startRun>[0];

async function runQuickstart({ json, ...options }: RunOptions): Promise<void> {
  const { out, before } = options;
  const started = performance.now();
  const run = startRun(options);
  const { report } = run;
  await run.save();
  const { vae, latent, pixel } = await learn(run);
  const losses = { "VAE (nats)": vae, "latent DDPM": latent, "pixel DDPM": pixel };
  await run.picture("loss.png", lossSheet(losses));
  await run.save();
  const pictures = ["latent-samples.png", "ddim-ddpm.png", "digits-ddim-ddpm.png"];
  report.sampling =
    before?.sampling && run.hasPictures([latent, pixel], ...pictures)
      ? before.sampling
      : await run.timed("sample", () => draw(run));
  report.complete = true;
  const written = await run.save();
  const total = (performance.now() - started) / 1000;
  const nats = report.vae?.testElboNats ?? Number.NaN;
  const result = { out: resolve(out), totalSeconds: total, ...written };
  print(json, result, closingLines(out, total, nats));
}

/** The lines that end a run: its files, and the commands to run next. */
function closingLines(out: string, seconds: number, nats: number): string[] {
  const at = (file: string) => relative(process.cwd(), join(out, file)) || file;
  return [
    "",
    `done in ${duration(seconds)}; test ELBO ${nats.toFixed(1)} nats an image`,
    `  ${at("data-reconstructions.png")}  images beside what the VAE makes of them`,
    `  ${at("vae-prior.png")}  decoded draws from the VAE's prior`,
    `  ${at("latent-samples.png")}  garments from latent diffusion`,
    `  ${at("ddim-ddpm.png")}  DDIM in 20 steps beside DDPM in 1000, same seed`,
    `  ${at("digits-ddim-ddpm.png")}  the same for digits, in pixel space`,
    `  ${at("loss.png")}, ${at(reportFile)}  losses, and the numbers`,
    "",
    "next:",
    `  ${invocation()} sample --model ${at("latent-ddpm")} --sampler ddim --steps 50 --eta 0.5 --seed 7 --out more.png`,
    `  ${invocation()} train ddpm --data two-moons --out moons`,
    "  npm run demo",
  ];
}

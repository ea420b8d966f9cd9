/*
 * The training sigmas as torch makes them in float32, from which the classes that count in lambda
 * find time steps: a time step that is cut off or rounded falls to the other side of a whole number
 * where float64 and float32 disagree. With Stable Diffusion's betas and exponential sigmas the first
 * time step is 998.9999 in float32, cut off to 998, and 999 in float64.
 *
 * torch's own square root is not always the nearest float32 (torch 2.15 with AVX-512), nor is numpy's
 * logarithm: about one schedule in six has a time step that differs from these.
 */
import type { NoiseSchedule } from "@gen/schedules";
import { LAST_ALPHA } from "./class-sigmas.ts";

const { fround } = Math;

/** `sqrt((1 - abar) / abar)` of every training step in float32. */
export function float32Sigmas(schedule: NoiseSchedule): Float64Array {
  // torch's products are float64 inside.
  let product = 1;
  const products = float32Betas(schedule).map((beta) => {
    product *= fround(1 - beta);
    return fround(product);
  });
  if (schedule.rescaleBetasZeroSnr) products[products.length - 1] = LAST_ALPHA;
  return products.map((abar) => fround(Math.sqrt(fround(fround(1 - abar) / abar))));
}

function float32Betas(schedule: NoiseSchedule): Float64Array {
  const { spec, betas, length, rescaleBetasZeroSnr } = schedule;
  const isScaled = spec.kind === "scaledLinear";
  if (rescaleBetasZeroSnr || !(isScaled || spec.kind === "linear")) return betas.map(fround);
  const [start, end] = [spec.betaStart, spec.betaEnd].map((beta) =>
    fround(isScaled ? Math.sqrt(beta) : beta),
  );
  const step = fround(fround(end - start) / (length - 1));
  // torch.linspace counts from the nearer end, and rounds product and sum once.
  return betas.map((_, i) => {
    const value = fround(i < length >> 1 ? start + step * i : end - step * (length - 1 - i));
    return isScaled ? fround(value * value) : value;
  });
}

import { flowLevel, numpyLinspace } from "@gen/schedules";
import type { ClassRun } from "./class-run.ts";

/** `n` noises down from just below 1, shifted; `mu` is the logarithm of a shift. */
export function flowNoises({ settings, options }: ClassRun, n: number): number[] {
  const { mu } = options;
  const shift = mu === undefined ? settings.flow_shift : Math.exp(mu);
  return numpyLinspace(1, 1 / settings.num_train_timesteps, n + 1)
    .map((signal) => flowLevel(1 - signal, shift).noise)
    .reverse()
    .slice(0, -1);
}

/** UniPC's: from 1, by a shift that depends on the image where asked, stretched to `shift_terminal`. */
export function unipcNoises({ settings, options }: ClassRun, n: number): number[] {
  const { mu } = options;
  const {
    use_dynamic_shifting: dynamic,
    shift_terminal: terminal,
    time_shift_type: type,
  } = settings;
  let shift = settings.flow_shift;
  if (dynamic) shift = type === "linear" ? Number(mu) : Math.exp(Number(mu));
  const noises =
    options.sigmas ?? numpyLinspace(1, 1 / settings.num_train_timesteps, n + 1).slice(0, -1);
  let moved = noises.map((s) =>
    dynamic ? shift / (shift + (1 / s - 1)) : (shift * s) / (1 + (shift - 1) * s),
  );
  if (terminal) {
    const scale = (1 - moved[moved.length - 1]) / (1 - terminal);
    moved = moved.map((s) => 1 - (1 - s) / scale);
  }
  if (Math.abs(moved[0] - 1) < 1e-6) moved[0] -= 1e-6;
  return moved;
}

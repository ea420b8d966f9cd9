import { ddimSteps, sample } from "@gen/ddim";
import { mlp } from "@gen/nn";
import { denoiser } from "@gen/sampling";
import { linearSchedule } from "@gen/schedules";

const schedule = linearSchedule();
const request = { steps: ddimSteps(schedule, { steps: 10 }), shape: [4, 2], seed: 18 };

/** The exact denoiser of points that are N(2, 0.5^2). */
function exact(x, t) {
  const { signal, noise } = schedule.level(t);
  const variance = (0.5 * signal) ** 2 + noise ** 2;
  return x.map((v) => (noise * (v - 2 * signal)) / variance);
}

/** A network whose weights are a formula, so that another program can compute the same. */
function network() {
  const made = mlp({ inputs: 2, hidden: [16], time: { features: 8 } });
  for (const { value } of made.parameters) {
    const { data } = value;
    for (let i = 0; i < data.length; i++) {
      data[i] = (((37 * i + 11 * data.length) % 101) - 50) / 200;
    }
  }
  return denoiser(made);
}

/** Ten steps of DDIM by a function and by a network on a backend, which is closed afterwards. */
export async function tenSteps(opening) {
  const backend = await opening;
  const byFunction = await sample({ denoiser: exact, ...request });
  const byBackend = await sample({ backend, denoiser: network(), ...request });
  await backend.close();
  return {
    backend: backend.name,
    byFunction: Array.from(byFunction.x),
    byBackend: Array.from(byBackend.x),
  };
}

import { mlpVae, type Vae } from "@gen/vae";
import { side } from "./drawings.ts";
import { latent } from "./mlp-vae.ts";
import recipe from "./recipe.json";

/** The VAE of the room, untrained: 64-96-48-2-48-96-64. */
export function latentVae(): Vae {
  const { hidden, activation, seed } = recipe;
  const shape = [1, side, side];
  return mlpVae({ shape, hidden, latent, activation: activation as "silu", seed });
}

import { largeClaim } from "../large/compare.mjs";

export const { title, versions, measure } = largeClaim(
  "sd15-fp32",
  "Stable Diffusion 1.5's UNet, 860 M parameters, float32",
);

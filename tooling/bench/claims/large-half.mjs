import { largeClaim } from "../large/compare.mjs";

export const { title, versions, measure } = largeClaim(
  "half-fp32",
  "Stable Diffusion's UNet at half its widths, 220 M parameters, float32",
);

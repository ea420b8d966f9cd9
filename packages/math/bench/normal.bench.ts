import { bench, describe } from "vitest";
import { normalNoise, randomStream } from "../src/index.ts";

const COUNT = 1 << 20;

describe(`${COUNT} standard normals`, () => {
  const out = new Float32Array(COUNT);

  bench("randomStream.normal", () => {
    randomStream({ seed: 1 }).normal(out);
  });

  bench("normalNoise, 16 rows", () => {
    normalNoise({ seed: 1, batch: 16, size: COUNT / 16 });
  });

  // The same transform of Math.random, neither keyed nor reproducible.
  bench("Math.random, Math.log, Math.cos and Math.sin", () => {
    for (let i = 0; i < COUNT; i += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
      const angle = 2 * Math.PI * Math.random();
      out[i] = radius * Math.cos(angle);
      out[i + 1] = radius * Math.sin(angle);
    }
  });
});

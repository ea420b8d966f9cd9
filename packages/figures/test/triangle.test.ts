import { tutorialCoefficients } from "@gen/ddim";
import { expect, test } from "vitest";
import { triangleCorner } from "../src/triangle.ts";

const from = { signal: 0.6, noise: 0.8 };
const to = { signal: 0.8, noise: 0.6 };

test("the corner lies on the half circle, and its legs are the kept and the fresh noise", () => {
  for (const eta of [0, 0.3, 0.7, 1]) {
    const step = tutorialCoefficients(from, to, eta);
    const [x, y] = triangleCorner({ from, to, ...step });
    expect(Math.hypot(x - 0.5, y)).toBeCloseTo(0.5, 12);
    expect(Math.hypot(x, y) * to.noise).toBeCloseTo(step.kappa * from.noise, 12);
    expect(Math.hypot(1 - x, y) * to.noise).toBeCloseTo(step.sigma, 12);
  }
});

test("without fresh noise the triangle is flat, because all noise is kept", () => {
  const [x, y] = triangleCorner({ from, to, ...tutorialCoefficients(from, to, 0) });
  expect(x).toBeCloseTo(1, 12);
  expect(y).toBeCloseTo(0, 12);
});

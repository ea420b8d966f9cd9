import type { LabeledMixture } from "@gen/figures";

/** Labeled points: a round Gaussian at each anchor, and the TypeScript that makes the anchors. */
export interface LabeledData {
  readonly mixture: LabeledMixture;
  readonly code: string;
}

type Anchor = readonly [x: number, y: number];

const data = (sigma: number, classes: readonly (readonly Anchor[])[], code: string) => ({
  mixture: { sigma, classes: classes.map((anchors) => anchors.flat()) },
  code,
});
const list = <T>(length: number, each: (i: number) => T): T[] =>
  Array.from({ length }, (_, i) => each(i));

const at = (radius: number, angle: number): Anchor => [
  radius * Math.cos(angle),
  radius * Math.sin(angle),
];
const moon = (side: number, angle: number): Anchor => [
  side * (0.95 * Math.cos(angle) - 0.48),
  side * (0.95 * Math.sin(angle) - 0.24),
];

/** Points of classes that overlap. Where two overlap, only chance tells which class a point is. */
export const labeledData = {
  arms: data(
    0.13,
    list(3, (c) => list(16, (k) => at(0.3 + k / 12, (2 * Math.PI * c) / 3 + k / 12))),
    `// Three arms of 16 round Gaussians each.
const sigma = 0.13;
const classes = [0, 1, 2].map((c) =>
  Array.from({ length: 16 }, (_, k) => {
    const [radius, angle] = [0.3 + k / 12, (2 * Math.PI * c) / 3 + k / 12];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }),
);`,
  ),
  moons: data(
    0.15,
    [1, -1].map((side) => list(16, (k) => moon(side, (Math.PI * k) / 15))),
    `// Two moons of 16 round Gaussians each.
const sigma = 0.15;
const classes = [1, -1].map((side) =>
  Array.from({ length: 16 }, (_, k) => {
    const angle = (Math.PI * k) / 15;
    return [side * (0.95 * Math.cos(angle) - 0.48), side * (0.95 * Math.sin(angle) - 0.24)];
  }),
);`,
  ),
  clusters: data(
    0.38,
    list(4, (c) => [at(0.95, (Math.PI * (2 * c + 1)) / 4)]),
    `// Four round Gaussians, each a class of its own.
const sigma = 0.38;
const classes = [0, 1, 2, 3].map((c) => {
  const angle = (Math.PI * (2 * c + 1)) / 4;
  return [[0.95 * Math.cos(angle), 0.95 * Math.sin(angle)]];
});`,
  ),
} as const satisfies Record<string, LabeledData>;

export type DataId = keyof typeof labeledData;
export const dataIds = Object.keys(labeledData) as DataId[];

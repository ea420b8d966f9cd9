import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalNoise, philox4x32, randomStream } from "../src/index.ts";
import { reference } from "./reference.ts";

const words = (hex: string[]) => hex.map((word) => Number.parseInt(word, 16));

interface KnownAnswer {
  gen: string;
  rounds: number;
  ctr: string[];
  key: string[];
  out: string[];
}

const answers = (gen: string, rounds: number): KnownAnswer[] => {
  const file = reference("random123.json");
  const all: KnownAnswer[] = [...file.kat, ...file.extended];
  return all.filter((answer) => answer.gen === gen && answer.rounds === rounds);
};

const key = fc.record({
  seed: fc.maxSafeNat(),
  purpose: fc.string({ maxLength: 8 }),
  index: fc.nat({ max: 2 ** 32 - 1 }),
  step: fc.nat({ max: 2 ** 32 - 1 }),
});

describe("philox4x32", () => {
  test("Random123's known answers, exactly", () => {
    const known = answers("philox4x32", 10);
    expect(known.length).toBe(51);
    for (const answer of known) {
      expect([...philox4x32(words(answer.ctr), words(answer.key))]).toEqual(words(answer.out));
    }
  });
});

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function correlation(a: number[], b: number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const product = mean(a.map((value, i) => (value - meanA) * (b[i] - meanB)));
  const variance = (values: number[], at: number) => mean(values.map((value) => (value - at) ** 2));
  return product / Math.sqrt(variance(a, meanA) * variance(b, meanB));
}

describe("randomStream", () => {
  test("its words are Philox of [block, index, step, hash] under the seed", () => {
    // FNV-1a of "a" is e40c292c, as published with the hash.
    const seed = 5 * 2 ** 32 + 7;
    const stream = randomStream({ seed, purpose: "a", index: 3, step: 9 });
    const block = (k: number) => [...philox4x32([k, 3, 9, 0xe40c292c], [7, 5])];
    expect([...stream.words(8)]).toEqual([...block(0), ...block(1)]);
    stream.jump(4 * 1e9 - 8);
    expect([...stream.words(4)]).toEqual(block(1e9));
  });

  test("draws do not depend on how they are grouped", () => {
    fc.assert(
      fc.property(key, fc.array(fc.nat({ max: 40 }), { maxLength: 8 }), (from, counts) => {
        const total = counts.reduce((sum, count) => sum + count, 0);
        const whole = randomStream(from);
        const parts = randomStream(from);
        const normals = counts.flatMap((count) => [...parts.normal(count)]);
        expect(normals).toEqual([...whole.normal(total)]);
        expect(parts.position).toBe(whole.position);
        const uniforms = counts.flatMap((count) => [...parts.uniform(count)]);
        expect(uniforms).toEqual([...whole.uniform(total)]);
      }),
    );
  });

  test("normals are Box and Muller's transform of the words", () => {
    const from = { seed: 11, purpose: "transform" };
    const n = 20_000;
    const drawn = randomStream(from).normal(n);
    const source = randomStream(from).words(n);
    let worst = 0;
    for (let i = 0; i < n; i += 2) {
      const r = Math.sqrt(-2 * Math.log((source[i] + 0.5) / 2 ** 32));
      const angle = (2 * Math.PI * source[i + 1]) / 2 ** 32;
      worst = Math.max(worst, Math.abs(drawn[i] - r * Math.cos(angle)));
      worst = Math.max(worst, Math.abs(drawn[i + 1] - r * Math.sin(angle)));
    }
    expect(worst).toBeLessThan(1e-12);
  });

  test("normals have the moments of a standard normal", () => {
    const n = 1 << 20;
    const drawn = randomStream({ seed: 0 }).normal(n);
    const moment = (k: number) => drawn.reduce((sum, z) => sum + z ** k, 0) / n;
    // Five standard errors: variances of z, z^2, z^3, z^4 are 1, 2, 15, 96.
    expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(1 / n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(5 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
    const pairs = drawn.reduce((sum, z, i) => (i ? sum + z * drawn[i - 1] : 0), 0) / n;
    expect(Math.abs(pairs)).toBeLessThan(5 / Math.sqrt(n));
    const beyond = drawn.filter((z) => Math.abs(z) > 1.959963984540054).length / n;
    expect(Math.abs(beyond - 0.05)).toBeLessThan(5 * Math.sqrt((0.05 * 0.95) / n));
  });

  test("uniforms lie inside (0, 1), in float32 too", () => {
    const stream = randomStream({ seed: 1 });
    for (const out of [new Float32Array(100_000), new Float64Array(100_000)]) {
      stream.uniform(out);
      expect(out.every((u) => u > 0 && u < 1)).toBe(true);
      const mean = Array.from(out).reduce((sum, u) => sum + u, 0) / out.length;
      expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / out.length));
    }
  });

  test("integers are in range and even", () => {
    const drawn = randomStream({ seed: 2 }).integers(60_000, 6);
    const counts = new Float64Array(6);
    for (const value of drawn) counts[value]++;
    const chi = counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0);
    expect(chi).toBeLessThan(25.7); // 1 in 10,000 by chance
    const wide = randomStream({ seed: 2 }).integers(1000, 2 ** 32);
    expect([...wide]).toEqual([...randomStream({ seed: 2 }).words(1000)]);
    // Nearly half of all words are rejected for this bound.
    const bound = 2 ** 31 + 1;
    expect(
      randomStream({ seed: 3 })
        .integers(1000, bound)
        .every((v) => v < bound),
    ).toBe(true);
    expect(() => randomStream({ seed: 3 }).integers(1, 0)).toThrow("below");
  });

  test("integers do not depend on how they are grouped", () => {
    const whole = randomStream({ seed: 4 });
    const parts = randomStream({ seed: 4 });
    const all = [...whole.integers(50, 2 ** 31 + 1)];
    expect([5, 0, 30, 15].flatMap((n) => [...parts.integers(n, 2 ** 31 + 1)])).toEqual(all);
    expect(parts.position).toBe(whole.position);
    expect(parts.position).toBeGreaterThan(50);
  });

  test("permutations hold every number once, each place alike", () => {
    const stream = randomStream({ seed: 5 });
    expect([...stream.permutation(1000)].sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    const first = new Float64Array(5);
    for (let k = 0; k < 5000; k++) first[stream.permutation(5)[0]]++;
    const chi = first.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(23.5);
    expect([...stream.permutation(0)]).toEqual([]);
  });

  test("a saved state goes on where it stopped", () => {
    fc.assert(
      fc.property(key, fc.nat({ max: 30 }), (from, drawn) => {
        const stream = randomStream(from).split(1);
        stream.normal(drawn);
        const resumed = randomStream(JSON.parse(JSON.stringify(stream)));
        expect([...resumed.normal(5)]).toEqual([...stream.normal(5)]);
      }),
    );
  });

  test("no word serves two numbers, however the kinds of draws are mixed", () => {
    // Over 5,000 streams two numbers are uncorrelated, and so are their sizes. A pair's second word
    // is the angle of its first normal number.
    const n = 5000;
    const shapes = ["nu", "un", "nnnu", "uunu", "nun", "inu", "nip"];
    for (const shape of shapes) {
      const rows = Array.from({ length: n }, (_, index) => {
        const stream = randomStream({ seed: 9, index });
        return Array.from(shape, (kind) => {
          if (kind === "n") return stream.normal(1)[0];
          if (kind === "u") return stream.uniform(1)[0];
          return kind === "i" ? stream.integers(1, 1000)[0] : stream.permutation(5)[0];
        });
      });
      const columns = rows[0].map((_, i) => rows.map((row) => row[i]));
      const forms = [(value: number) => value, Math.abs];
      for (let i = 0; i < columns.length; i++) {
        for (let j = 0; j < i; j++) {
          for (const a of forms) {
            for (const b of forms) {
              const found = Math.abs(correlation(columns[i].map(a), columns[j].map(b)));
              expect(found, `${shape}: ${j} and ${i}`).toBeLessThan(5 / Math.sqrt(n));
            }
          }
        }
      }
    }
  });

  test("a saved state knows that it stands in the middle of a pair", () => {
    for (const first of ["normal", "uniform"] as const) {
      for (const second of ["normal", "uniform"] as const) {
        const stream = randomStream({ seed: 3 });
        stream[first](3);
        const resumed = randomStream(JSON.parse(JSON.stringify(stream)));
        expect([...resumed[second](5)]).toEqual([...stream[second](5)]);
        expect(resumed.position).toBe(first === second ? 8 : 9);
      }
    }
  });

  test("every part of the key matters, seed 0 like any other", () => {
    const base = { seed: 0, purpose: "p", index: 0, step: 0 };
    const keys = [
      base,
      { ...base, seed: 1 },
      { ...base, seed: 2 ** 32 },
      { ...base, purpose: "q" },
      { ...base, index: 1 },
      { ...base, step: 1 },
    ];
    const streams = keys.map((from) => randomStream(from));
    const splits = [0, 1].map((child) => randomStream(base).split(child));
    const drawn = [...streams, ...splits, streams[0].split(0).split(0)].map((stream) =>
      stream.words(4).join(),
    );
    expect(new Set(drawn).size).toBe(drawn.length);
  });

  test("keys out of range are refused by name", () => {
    expect(() => randomStream({ seed: -1 })).toThrow("seed must be an integer in [0, ");
    expect(() => randomStream({ seed: 0.5 })).toThrow("got 0.5");
    expect(() => randomStream({ seed: 2 ** 53 })).toThrow("seed");
    expect(() => randomStream({ seed: 0, index: 2 ** 32 })).toThrow("index");
    expect(() => randomStream({ seed: 0, step: -1 })).toThrow("step");
    expect(() => randomStream({ seed: 0 }).jump(-1)).toThrow("position");
  });
});

describe("normalNoise", () => {
  test("each row is its sample's own stream", () => {
    const noise = normalNoise({ seed: 3, indices: [7, 0, 2 ** 32 - 1], step: 5, size: 1030 });
    [7, 0, 2 ** 32 - 1].forEach((index, row) => {
      const stream = randomStream({ seed: 3, purpose: "noise", index, step: 5 });
      const expected = stream.normal(new Float32Array(1030));
      expect(noise.subarray(row * 1030, (row + 1) * 1030)).toEqual(expected);
    });
  });

  test("any split of the batch gives the same numbers", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 12 }),
        fc.nat({ max: 12 }),
        fc.nat({ max: 20 }),
        fc.nat(),
        (a, b, size, seed) => {
          const whole = normalNoise({ seed, batch: a + b, size, step: 2 });
          const rows = (from: number, to: number) => {
            const indices = Array.from({ length: to - from }, (_, i) => from + i);
            return [...normalNoise({ seed, indices, size, step: 2 })];
          };
          expect([...rows(0, a), ...rows(a, a + b)]).toEqual([...whole]);
        },
      ),
    );
  });

  test("needs a batch", () => {
    expect(() => normalNoise({ seed: 0, size: 4 })).toThrow("batch must be an integer");
    expect(() => normalNoise({ seed: 0, batch: 1, size: -4 })).toThrow("size must be");
  });
});

import { describe, expect, test } from "vitest";
import { philox4x32, threefry2x32, torchCpuGenerator, torchCudaGenerator } from "../src/index.ts";
import { reference } from "./reference.ts";

const words = (hex: string[]) => hex.map((word) => Number.parseInt(word, 16));

describe("threefry2x32", () => {
  test("Random123's and JAX's known answers, exactly", () => {
    const { kat, extended } = reference("random123.json");
    const jax = reference("jax_threefry.json").threefry2x32_hash;
    const known = [...kat, ...extended].filter(
      (answer) => answer.gen === "threefry2x32" && answer.rounds === 20,
    );
    expect([known.length, jax.length]).toEqual([51, 3]);
    for (const { ctr, key, out } of [...known, ...jax]) {
      expect([...threefry2x32(words(ctr), words(key))]).toEqual(words(out));
    }
  });
});

describe("torchCpuGenerator", () => {
  const { cases, misc } = reference("torch_cpu.json");

  test("randn, two calls in a row, both dtypes, below and above 16 values", () => {
    expect(cases.length).toBe(32);
    for (const { seed, n, dtype, first, second } of cases) {
      const generator = torchCpuGenerator(seed);
      const tolerance = dtype === "float64" ? 1e-13 : 2e-6;
      for (const expected of [first, second]) {
        const drawn: ArrayLike<number> = generator.randn(n, dtype);
        expect(drawn.length).toBe(expected.length);
        const worst = Math.max(...Array.from(drawn, (value, i) => Math.abs(value - expected[i])));
        expect(worst, `seed ${seed}, ${n} of ${dtype}`).toBeLessThan(tolerance);
      }
    }
  });

  test("rand, randint and randperm, one after another, exactly", () => {
    for (const { seed, rand, randint_0_1000, randperm_20 } of misc) {
      const generator = torchCpuGenerator(seed);
      expect([...generator.rand(20)]).toEqual(rand);
      expect([...generator.randint(0, 1000, 20)]).toEqual(randint_0_1000);
      expect([...generator.randperm(20)]).toEqual(randperm_20);
    }
  });

  test("calls of every kind in a row", () => {
    const { sequences } = reference("torch_cpu_sequences.json");
    expect(sequences.length).toBe(6);
    for (const { seed, calls } of sequences) {
      const generator = torchCpuGenerator(seed);
      for (const { call, args, values } of calls) {
        const draw = generator[call as "rand"] as (...args: unknown[]) => ArrayLike<number>;
        const drawn = draw(...args);
        expect(drawn.length).toBe(values.length);
        values.forEach((value: number, i: number) => {
          const tolerance = call !== "randn" ? 0 : args[1] === "float64" ? 1e-13 : 2e-6;
          const error = Math.abs(drawn[i] - value);
          expect(error, `seed ${seed}, ${call}(${args})`).toBeLessThanOrEqual(tolerance);
        });
      }
    }
  });

  test("uniforms in float64 are in [0, 1) and differ from those in float32", () => {
    const fine = torchCpuGenerator(3).rand(1000, "float64");
    expect(fine).toBeInstanceOf(Float64Array);
    expect(fine.every((u) => u >= 0 && u < 1)).toBe(true);
    expect(fine.some((u) => Math.fround(u) !== u)).toBe(true);
  });

  test("shifted integers, and what is refused", () => {
    const generator = torchCpuGenerator(1);
    const base = torchCpuGenerator(1).randint(0, 10, 50);
    expect([...generator.randint(-5, 5, 50)]).toEqual([...base].map((value) => value - 5));
    expect(() => generator.randint(3, 3, 1)).toThrow("high - low - 1 must be an integer");
    expect(() => torchCpuGenerator(-1)).toThrow("seed must be an integer in [0, ");
    expect(() => generator.randn(-1)).toThrow("count");
  });
});

describe("torchCudaGenerator", () => {
  const expectNear = (found: ArrayLike<number>, wanted: readonly number[], tolerance: number) => {
    expect(found.length).toBe(wanted.length);
    wanted.forEach((value, i) => {
      expect(Math.abs(found[i] - value), `value ${i}`).toBeLessThan(tolerance);
    });
  };
  const numbers = (text: string) => text.trim().split(/\s+/).map(Number);

  test("the values that Stable Diffusion web UI's modules/rng_philox.py documents for seed 0", () => {
    const wanted = numbers(`-0.92466259 -0.42534415 -2.6438457 0.14518388 -0.12086647 -0.57972564
      -0.62285122 -0.32838709 -1.07454231 -0.36314407 -1.67105067 2.26550497`);
    expectNear(torchCudaGenerator(0).randn(12), wanted, 1e-6);
  });

  // Printed by PyTorch on a GPU in the repository of a lecture on CUDA kernels (cuda-mode-lecture):
  // randn of 8 x 10, of 10 and of 8 x 10 numbers, one after another, after torch.manual_seed(0).
  test("three calls in a row, as printed for seed 0", () => {
    const generator = torchCudaGenerator(0);
    const first = generator.randn(80);
    expectNear(
      first.subarray(60),
      numbers(`0.2837 0.1210 0.4730 -1.0823 -0.0334 -0.9734 0.9559 -1.1795 -1.0064 0.1160
        0.6852 -0.4124 -0.6738 -0.5404 0.6898 -1.5517 0.3805 -0.0436 0.3597 -0.5043`),
      5.1e-5,
    );
    expectNear(
      generator.randn(10),
      numbers("0.1808 -0.5523 0.9238 -0.7350 1.3800 0.8676 0.1297 -0.9406 0.8109 0.8821"),
      5.1e-5,
    );
    expectNear(
      generator.randn(80).subarray(0, 10),
      numbers("2.5441 -0.7163 -0.4934 0.1267 0.1014 -0.4035 0.9023 0.8099 -0.6884 0.1372"),
      5.1e-5,
    );
  });

  // Printed for torch.manual_seed(42), torch.randn(1823, 781, device="cuda")[0:10].
  test("rows of a large tensor, as printed for seed 42", () => {
    const values = torchCudaGenerator(42).randn(1823 * 781);
    const row = (i: number) => [0, 1, 2, 778, 779, 780].map((column) => values[781 * i + column]);
    expectNear(row(0), [0.194, 2.1614, -0.1721, -0.8353, -1.6443, 0.1315], 5.1e-5);
    expectNear(row(9), [-0.2987, 0.1946, 1.164, -0.2081, -1.0439, 0.7082], 5.1e-5);
  });

  // The output of Triton's tutorial on matrix multiplication, as printed with PyTorch 1.13.1 on an
  // NVIDIA A100: two matrices of 512 x 512 halves after torch.manual_seed(0). They have more
  // elements than the GPU has threads, and the product's first row needs the whole second matrix.
  test("a product of two tensors with more elements than threads, as Triton's tutorial prints it", () => {
    const generator = torchCudaGenerator(0, 108 * 2048);
    const half = (x: number) => {
      const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
      return Math.round(x / unit) * unit;
    };
    const [a, b] = [generator.randn(2 ** 18).map(half), generator.randn(2 ** 18).map(half)];
    const product = (i: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < 512; k++) sum += a[512 * i + k] * b[512 * k + j];
      return sum;
    };
    const corner = (i: number) => [0, 1, 2, 509, 510, 511].map((j) => product(i, j));
    expectNear(corner(0), [-10.9531, -4.7109, 15.6953, -28.4062, 4.332, -26.4219], 0.02);
    expectNear(corner(1), [26.8438, 10.0469, -5.4297, -11.2969, -8.5312, 30.75], 0.02);
    expectNear(corner(511), [-17.0938, -19, -0.3831, 21.5469, -30.2344, -13.2188], 0.02);
  });

  test("lanes, threads and draws are words of the documented counters", () => {
    const [seed, threads] = [2 ** 32 * 5 + 7, 512];
    const generator = torchCudaGenerator(seed, threads);
    generator.randn(1);
    // The grid has 512 threads, so 2049 numbers take two draws of a thread.
    const values = generator.randn(2049);
    const expected = (offset: number, thread: number, lane: number) => {
      const words = philox4x32([offset, 0, thread, 0], [7, 5]);
      const [u, v] = words.subarray(lane < 2 ? 0 : 2);
      const angle = 2 * Math.PI * ((v + 0.5) / 2 ** 32);
      const wave = lane % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
      return Math.sqrt(-2 * Math.log((u + 0.5) / 2 ** 32)) * wave;
    };
    for (const lane of [0, 1, 2, 3]) {
      expect(values[lane * threads + 3]).toBeCloseTo(expected(1, 3, lane), 5);
    }
    expect(values[4 * threads]).toBeCloseTo(expected(2, 0, 0), 5);
    // Both draws count: the next call begins with the third.
    expect(generator.randn(1)[0]).toBeCloseTo(expected(3, 0, 0), 5);
  });

  test("what is refused", () => {
    expect(() => torchCudaGenerator(-1)).toThrow("seed must be an integer in [0, ");
    expect(() => torchCudaGenerator(0, 255)).toThrow("threads");
    expect(() => torchCudaGenerator(0).randn(-1)).toThrow("count");
    expect(torchCudaGenerator(0).randn(0)).toHaveLength(0);
  });
});

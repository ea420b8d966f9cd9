"""Writes expected.json: what ten steps of DDIM give, from the papers' formulas in NumPy alone.

The program is shared/ten-steps.js; nothing of the packages is used here.

    pip install numpy==2.3.5 && python3 tooling/consumers/expected.py

- Noise: Philox4x32-10 (Salmon et al. 2011) with counter [block, sample, step, FNV-1a of "initial"]
  and the seed as key; normals by Box and Muller (1958); rounded to float32.
- Schedule: 1000 betas from 1e-4 to 0.02 (Ho et al. 2020, section 4).
- Steps: t = 900, 800, ..., 0 (Lin et al. 2023, table 2, "leading"), then to alpha = 1.
- Update: Song et al. 2021, eq. 12 with sigma = 0.
- By function: the exact denoiser of N(2, 0.5^2). It is linear, so that the whole run has a closed
  form too; the script compares both.
- By backend: a multilayer perceptron with the sinusoidal embedding of Ho et al. and SiLU.
"""

import json
import pathlib
import platform

import numpy as np

SEED, SAMPLES, SIZE = 18, 4, 2
MASK = 0xFFFFFFFF


def philox(counter, key):
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & MASK, (p0 >> 32) ^ c[3] ^ k[1], p0 & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return c


# Random123's own known answers.
assert philox([0] * 4, [0] * 2) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
assert philox([MASK] * 4, [MASK] * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]


def fnv1a(text):
    value = 0x811C9DC5
    for letter in text:
        value = ((value ^ ord(letter)) * 0x01000193) & MASK
    return value


def normals(sample):
    a, b = philox([0, sample, 0, fnv1a("initial")], [SEED, 0])[:2]
    radius, angle = np.sqrt(-2 * np.log((a + 0.5) / 2**32)), 2 * np.pi * b / 2**32
    return [radius * np.cos(angle), radius * np.sin(angle)]


noise = np.array([normals(i) for i in range(SAMPLES)]).astype(np.float32).astype(np.float64)
alphas = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
times = list(range(900, -1, -100))


def ddim(epsilon):
    x = noise
    for t, then in zip(times, [*times[1:], None]):
        now, next_alpha = alphas[t], 1.0 if then is None else alphas[then]
        e = epsilon(x, t)
        x0 = (x - np.sqrt(1 - now) * e) / np.sqrt(now)
        x = np.sqrt(next_alpha) * x0 + np.sqrt(1 - next_alpha) * e
    return x


def exact(x, t):
    return np.sqrt(1 - alphas[t]) * (x - 2 * np.sqrt(alphas[t])) / (0.25 * alphas[t] + 1 - alphas[t])


def closed_form():
    # With x = 2 sqrt(a) + d, one step multiplies the deviation d by a number alone.
    deviation = noise - 2 * np.sqrt(alphas[times[0]])
    for t, then in zip(times, [*times[1:], None]):
        now, nxt = alphas[t], 1.0 if then is None else alphas[then]
        variance = 0.25 * now + 1 - now
        deviation = deviation * (
            np.sqrt(nxt * now) * 0.25 + np.sqrt((1 - nxt) * (1 - now))
        ) / variance
    return 2 + deviation


def weights(*shape):
    n = int(np.prod(shape))
    return (((37 * np.arange(n) + 11 * n) % 101 - 50) / 200).reshape(shape)


def perceptron(x, t):
    angles = t * np.exp(-np.log(10_000) * np.arange(4) / 3)
    embedding = np.tile(np.concatenate([np.sin(angles), np.cos(angles)]), (len(x), 1))
    h = np.concatenate([x, embedding], axis=1) @ weights(16, 10).T + weights(16)
    return (h / (1 + np.exp(-h))) @ weights(2, 16).T + weights(2)


by_function = ddim(exact)
assert np.abs(by_function - closed_form()).max() < 1e-12
expected = {
    "source": f"tooling/consumers/expected.py, NumPy {np.__version__}, Python {platform.python_version()}",
    "byFunction": by_function.ravel().tolist(),
    "byBackend": ddim(perceptron).ravel().tolist(),
}
path = pathlib.Path(__file__).with_name("expected.json")
path.write_text(json.dumps(expected, indent=2) + "\n")

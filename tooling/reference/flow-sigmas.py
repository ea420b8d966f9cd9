"""Writes tooling/fixtures/flow_sigmas.json: the noise levels of a flow-matching sampler.

It computes with numpy and scipy what set_timesteps of diffusers' FlowMatchEulerDiscreteScheduler
(0.40) computes.
"""

import json
import math
import pathlib

import numpy as np
import scipy.stats

TARGET = pathlib.Path(__file__).parents[2] / "tooling/fixtures/flow_sigmas.json"


def shifted(shift, sigmas):
    return shift * sigmas / (1 + (shift - 1) * sigmas)


def noises(config, steps, mu):
    length, shift = config["num_train_timesteps"], config["shift"]
    dynamic = config.get("use_dynamic_shifting", False)
    trained = np.linspace(1, length, length)[::-1] / length
    if not dynamic:
        trained = shifted(shift, trained)
    sigmas = np.linspace(trained[0] * length, trained[-1] * length, steps) / length
    if dynamic:
        factor = math.exp(mu) if config["time_shift_type"] == "exponential" else mu
        sigmas = factor / (factor + (1 / sigmas - 1) ** 1.0)
    else:
        sigmas = shifted(shift, sigmas)
    if config.get("shift_terminal"):
        clean = 1 - sigmas
        sigmas = 1 - clean / (clean[-1] / (1 - config["shift_terminal"]))
    low, high = sigmas[-1], sigmas[0]
    if config.get("use_karras_sigmas"):
        ramp = np.linspace(0, 1, steps)
        sigmas = (high ** (1 / 7) + ramp * (low ** (1 / 7) - high ** (1 / 7))) ** 7
    elif config.get("use_exponential_sigmas"):
        sigmas = np.exp(np.linspace(math.log(high), math.log(low), steps))
    elif config.get("use_beta_sigmas"):
        places = [scipy.stats.beta.ppf(p, 0.6, 0.6) for p in 1 - np.linspace(0, 1, steps)]
        sigmas = np.array([low + place * (high - low) for place in places])
    return sigmas.tolist()


cases = []
for length, shift in ((1000, 1.0), (1000, 3.0), (50, 0.7)):
    for spread in (None, "karras", "exponential", "beta"):
        for terminal in (None, 0.1):
            for form in (None, "exponential", "linear"):
                steps = 7 if spread else 4
                config = {"num_train_timesteps": length, "shift": shift}
                if spread:
                    config[f"use_{spread}_sigmas"] = True
                if terminal:
                    config["shift_terminal"] = terminal
                mu = image = None
                if form:
                    image = 1024
                    config |= {"use_dynamic_shifting": True, "time_shift_type": form}
                    slope = (1.15 - 0.5) / (4096 - 256)
                    mu = image * slope + (0.5 - slope * 256)
                row = {"config": config, "steps": steps, "image_length": image}
                cases.append(row | {"sigmas": noises(config, steps, mu)})

SOURCE = "tooling/reference/flow-sigmas.py: numpy and scipy, as diffusers 0.40 computes them"
lines = ",\n".join(json.dumps(case) for case in cases)
TARGET.write_text(f'{{\n"source": "{SOURCE}",\n"cases": [\n{lines}\n]\n}}\n')

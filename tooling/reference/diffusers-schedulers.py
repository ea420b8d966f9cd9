"""Runs diffusers' scheduler classes in float64 and writes what they give, for the tests of @gen/sampling.

    python3.11 -m venv V && V/bin/pip install torch==2.15.0 diffusers==0.39.0 scipy
    V/bin/python tooling/reference/diffusers-schedulers.py [CLASS ...]

Each class's source is patched as it is imported: float32 becomes float64, and random numbers become
`noise(step, i)` below, so that TypeScript can replay a run. One file for each class comes out, in
packages/sampling/test/reference/schedulers/CLASS.json: a list of cases, each with

    config      the scheduler_config.json
    options     of set_timesteps (steps, timesteps, sigmas, mu ...) and of step (eta, s_churn ...)
    timesteps   what the class tells the network at each call
    sigmas      its sigmas, where it has them
    scale       init_noise_sigma
    sample      the final sample [2, 3, 1]
    error       in place of the last four: the class refuses, fails, or gives no finite number

The grids are in diffusers_grids.py, one function for each class.
"""

import importlib.abc
import importlib.machinery
import json
import math
import os
import pathlib
import re
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE.parent.parent / "packages/sampling/test/reference/schedulers"
SHAPE = (2, 3, 1)
SIZE = 6


class Float64Loader(importlib.machinery.SourceFileLoader):
    """Imports a module of diffusers.schedulers with float64 in place of float32."""

    def get_data(self, path):
        data = super().get_data(path)
        if not path.endswith(".py"):
            return data
        text = data.decode()
        text = re.sub(r"(torch|np|jnp)\.float32", r"\1.float64", text)
        # Half-precision guards that would cast to float32 anyway.
        text = text.replace(".float()", ".double()")
        text = text.replace("torch.FloatTensor(", "torch.DoubleTensor(")
        return text.encode()

    def get_code(self, fullname):
        # No cached bytecode: the source is another one.
        source = self.get_source(fullname)
        return compile(source, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if not name.startswith("diffusers.schedulers.scheduling_"):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None:
            spec.loader = Float64Loader(name, spec.origin)
        return spec


sys.meta_path.insert(0, Finder())

import numpy as np  # noqa: E402
import torch  # noqa: E402

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
warnings.simplefilter("ignore")

import diffusers  # noqa: E402

diffusers.utils.logging.set_verbosity_error()


def noise(step, i):
    """The i-th number of the noise of a step; step -1 is the initial noise."""
    return 1.3 * math.sin(12.9898 * (step + 2) + 4.1414 * (i + 1))


def prediction(x, t, i):
    """The network: what it makes of number i of its input x at time t."""
    return 0.6 * x + 0.3 * math.sin(1.3 * x + 0.01 * t + i)


def learned(x, t, i):
    """Its raw variance, where one is learned."""
    return 0.5 * math.cos(x + 0.02 * t + i)


def tensor_of(f):
    return torch.tensor([f(i) for i in range(SIZE)]).reshape(SHAPE)


class Counter:
    step = 0


def randn(*_, **__):
    return tensor_of(lambda i: noise(Counter.step, i))


class IntervalNoise:
    """In place of the Brownian tree: one normal for each interval."""

    def __init__(self, *_, **__):
        pass

    def __call__(self, *_):
        return randn()


def network(x, t, twice):
    flat = x.flatten().tolist()
    out = tensor_of(lambda i: prediction(flat[i], t, i))
    if not twice:
        return out
    return torch.cat([out, tensor_of(lambda i: learned(flat[i], t, i))], dim=1)


def numbers(values):
    return [float(v) for v in values]


def run(name, config, options):
    # ConsistencyDecoderScheduler is not among the package's own names.
    made = getattr(diffusers, name, None) or getattr(diffusers.schedulers, name)
    module = sys.modules[made.__module__]
    for attribute in ("randn_tensor",):
        if hasattr(module, attribute):
            setattr(module, attribute, randn)
    if hasattr(module, "BrownianTreeNoiseSampler"):
        module.BrownianTreeNoiseSampler = IntervalNoise
    # As a file is read: fields that the class does not list are kept, and some are heeded.
    scheduler = made.from_config(config)
    options = dict(options)
    step_names = ("eta", "s_churn", "s_tmin", "s_tmax", "s_noise", "use_clipped_model_output")
    step_options = {k: options.pop(k) for k in step_names if k in options}
    strength = options.pop("strength", None) if name not in OWN_STRENGTH else None
    steps = options.pop("steps", None)
    setting = options
    if "sigmas" in setting and name.startswith("EDM"):
        setting["sigmas"] = torch.tensor(setting["sigmas"])
    if "sigmas" in setting and name == "UniPCMultistepScheduler":
        # As its pipelines give them: the class multiplies them as an array.
        setting["sigmas"] = np.array(setting["sigmas"])
    if steps is not None:
        scheduler.set_timesteps(steps, **setting)
    else:
        scheduler.set_timesteps(**setting)
    timesteps = scheduler.timesteps
    if name in ("SCMScheduler", "DDPMWuerstchenScheduler"):
        # The last one is where the last step goes to.
        timesteps = timesteps[:-1]
    scale = float(getattr(scheduler, "init_noise_sigma", 1.0))
    if strength is not None:
        # As the image-to-image pipelines have it.
        if steps is None:
            steps = math.ceil(len(timesteps) / scheduler.order)
        keep = min(int(steps * strength), steps)
        begin = max(steps - keep, 0)
        timesteps = timesteps[begin * scheduler.order :]
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin * scheduler.order)
        scale = 1.0
    if len(timesteps) == 0:
        raise ValueError("strength leaves no step")
    if name == "ScoreSdeVeScheduler":
        return score_sde(scheduler, steps)
    sigmas = getattr(scheduler, "sigmas", None)
    x = tensor_of(lambda i: noise(-1, i)) * scale
    twice = config.get("variance_type") in ("learned", "learned_range") and name not in ONE_OUTPUT
    told = []
    estimate = None
    for i, t in enumerate(timesteps):
        Counter.step = i
        seen = x
        if hasattr(scheduler, "scale_model_input"):
            seen = scheduler.scale_model_input(x, t)
        told.append(float(t))
        out = network(seen, float(t), twice)
        if name == "CogVideoXDPMScheduler":
            # As CogVideoXPipeline calls it.
            back = timesteps[i - 1] if i > 0 else None
            x, estimate = scheduler.step(out, estimate, t, back, x, **step_options)
            continue
        if name == "UnCLIPScheduler":
            # As UnCLIPPipeline calls it.
            step_options["prev_timestep"] = timesteps[i + 1] if i + 1 < len(timesteps) else None
        if name == "DDPMWuerstchenScheduler":
            t = t[None].expand(SHAPE[0])
        x = scheduler.step(out, t, x, **step_options).prev_sample
    if x.shape != SHAPE:
        raise ArithmeticError(f"the class gives another shape, {tuple(x.shape)}")
    if not bool(torch.isfinite(x).all()):
        raise ArithmeticError("the class gives no finite number")
    return {
        "timesteps": told,
        **({"sigmas": numbers(sigmas)} if sigmas is not None else {}),
        "scale": scale,
        "sample": numbers(x.flatten()),
    }


def score_sde(scheduler, steps):
    """As ScoreSdeVePipeline calls it: the network gets sigma, and correctors come before each step."""
    scheduler.set_sigmas(steps)
    x = tensor_of(lambda i: noise(-1, i)) * scheduler.init_noise_sigma
    told = []
    for i, t in enumerate(scheduler.timesteps):
        sigma = float(scheduler.sigmas[i])
        for call in range(scheduler.config.correct_steps + 1):
            Counter.step = len(told)
            told.append(sigma)
            out = network(x, sigma, False)
            if call < scheduler.config.correct_steps:
                x = scheduler.step_correct(out, x).prev_sample
            else:
                x = scheduler.step_pred(out, t, x).prev_sample
    if not bool(torch.isfinite(x).all()):
        raise ArithmeticError("the class gives no finite number")
    return {
        "timesteps": told,
        "sigmas": numbers(scheduler.sigmas),
        "scale": float(scheduler.init_noise_sigma),
        "sample": numbers(x.flatten()),
    }


# The classes whose set_timesteps takes the strength itself.
OWN_STRENGTH = {"LCMScheduler", "TCDScheduler"}
# Classes whose variance_type is of another kind.
ONE_OUTPUT = set()


def case(name, config, options):
    out = {"config": config, "options": options}
    try:
        out.update(run(name, dict(config), dict(options)))
    except Exception as error:  # noqa: BLE001
        line = str(error).strip().split("\n")[0][:120]
        out["error"] = f"{type(error).__name__}: {line}"
    return out


def main():
    import diffusers_grids

    OUT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or list(diffusers_grids.GRIDS)
    for name in wanted:
        cases = [case(name, config, options) for config, options in diffusers_grids.GRIDS[name]()]
        provenance = {
            "made by": "tooling/reference/diffusers-schedulers.py",
            "diffusers": diffusers.__version__,
            "torch": torch.__version__.split("+")[0],
            "class": name,
        }
        text = json.dumps({"provenance": provenance, "cases": cases}, separators=(",", ":"))
        text = text.replace('{"config"', '\n{"config"')
        (OUT / f"{name}.json").write_text(text + "\n")
        refused = sum("error" in c for c in cases)
        print(f"{name}: {len(cases)} cases, {refused} without numbers")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    main()

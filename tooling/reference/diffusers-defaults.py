"""Writes the defaults of each scheduler class's __init__ as diffusers has them.

    V/bin/python tooling/reference/diffusers-defaults.py   (V as in diffusers-schedulers.py, and torchsde)
"""

import importlib
import inspect
import json
import pathlib

import diffusers

MODULES = {
    "DPMSolverSDEScheduler": "diffusers.schedulers.scheduling_dpmsolver_sde",
    "ConsistencyDecoderScheduler": "diffusers.schedulers.scheduling_consistency_decoder",
}
NAMES = """DDPM DDPMParallel DDIM DDIMParallel DDIMInverse PNDM LMSDiscrete EulerDiscrete
EulerAncestralDiscrete HeunDiscrete KDPM2Discrete KDPM2AncestralDiscrete DPMSolverMultistep
DPMSolverMultistepInverse DPMSolverSinglestep DPMSolverSDE DEISMultistep UniPCMultistep IPNDM LCM TCD
EDMEuler EDMDPMSolverMultistep SASolver CMStochasticIterative FlowMatchEulerDiscrete
FlowMatchHeunDiscrete FlowMatchLCM FlowMapEulerDiscrete LTXEulerAncestralRF UnCLIP DDPMWuerstchen
CogVideoXDDIM CogVideoXDPM SCM ScoreSdeVe ConsistencyDecoder""".split()

classes = {}
for name in (f"{short}Scheduler" for short in NAMES):
    module = importlib.import_module(MODULES[name]) if name in MODULES else diffusers
    parameters = inspect.signature(getattr(module, name).__init__).parameters
    classes[name] = {
        key: "-inf" if value.default == -float("inf") else value.default
        for key, value in parameters.items()
        if key not in ("self", "kwargs")
    }

out = pathlib.Path(__file__).resolve().parents[2] / "packages/schedules/test/reference"
text = json.dumps(
    {
        "source": f"diffusers {diffusers.__version__}: the signatures of its classes, by tooling/reference/diffusers-defaults.py",
        "classes": classes,
    }
)
(out / "diffusers_defaults.json").write_text(text.replace('"classes": {', '"classes": {\n').replace("}, ", "},\n") + "\n")

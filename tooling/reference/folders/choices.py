"""Pictures of sd1 from a prompt with other schedulers than its own, as `from_config` makes them.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/choices.py tooling/fixtures/folders/sd1

golden.choices.json has the cases; golden.choices.safetensors their pictures (uint8, as diffusers
rounds them).
"""

import importlib.metadata
import json
import pathlib
import sys
import tempfile

import diffusers
import torch
from safetensors.torch import save_file

import folders
import make
import prompts

CASES = {
    "karras": ("DPMSolverMultistepScheduler", dict(use_karras_sigmas=True, timestep_spacing="linspace")),
    "karras-sde": (
        "DPMSolverMultistepScheduler",
        dict(algorithm_type="sde-dpmsolver++", use_karras_sigmas=True, timestep_spacing="linspace"),
    ),
    "exponential": ("EulerDiscreteScheduler", dict(use_exponential_sigmas=True, timestep_spacing="linspace")),
    "ancestral": ("EulerAncestralDiscreteScheduler", dict(timestep_spacing="linspace")),
    "leading": ("DDIMScheduler", dict(timestep_spacing="leading", clip_sample=False)),
    "trailing": ("EulerDiscreteScheduler", dict(timestep_spacing="trailing")),
    # The first time step is 998, cut off in float32.
    "dpm-exponential": ("DPMSolverMultistepScheduler", dict(use_exponential_sigmas=True)),
    "unipc-beta": ("UniPCMultistepScheduler", dict(use_beta_sigmas=True)),
    "beta": ("EulerDiscreteScheduler", dict(use_beta_sigmas=True, timestep_spacing="linspace")),
}


def main(out):
    cases, tensors = [], {}
    with tempfile.TemporaryDirectory() as scratch:
        pipe = folders.sd_pipeline(pathlib.Path(scratch))
        pipe.set_progress_bar_config(disable=True)
        own = pipe.scheduler
        for name, (kind, fields) in CASES.items():
            pipe.scheduler = getattr(diffusers, kind).from_config(own.config, **fields)
            call = dict(prompt=prompts.PROMPT, num_inference_steps=6, guidance_scale=5.0)
            seed = torch.Generator().manual_seed(5)
            with torch.no_grad():
                images = pipe(**call, generator=seed, output_type="np").images
            tensors[name] = torch.from_numpy((images * 255).round().astype("uint8")).permute(0, 3, 1, 2).contiguous()
            cases.append({"name": name, "class": kind, "fields": fields, "seed": 5, **call})
    target = pathlib.Path(out)
    save_file(tensors, target / "golden.choices.safetensors")
    versions = {package: importlib.metadata.version(package) for package in make.PACKAGES}
    golden = {"provenance": "tooling/reference/folders/choices.py", "versions": versions, "cases": cases}
    (target / "golden.choices.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

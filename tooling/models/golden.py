"""Samples of the trained models by PyTorch and diffusers, for the test of the folders.

  python tooling/models/golden.py OUT GOLDEN.json

Each sample starts from torch.manual_seed(0): DDIM, 10 steps, guidance 2, an ankle boot.
"""

import importlib.metadata
import json
import pathlib
import sys

import torch

import export
from sheet import sample

SEED, STEPS, GUIDANCE, LABEL = 0, 10, 2.0, 9


def start(*shape):
    torch.manual_seed(SEED)
    return torch.randn(1, *shape)


@torch.no_grad()
def main(out, golden):
    out = pathlib.Path(out)
    torch.set_num_threads(1)
    labels = torch.tensor([LABEL])
    pictures = {}
    if (out / "pixel.pt").exists():
        denoiser = export.pixel_denoiser(out)
        pictures["pixel"] = sample(denoiser, start(1, 28, 28), labels, GUIDANCE, STEPS, True)
    if (out / "latent.pt").exists():
        denoiser, _, decoder = export.latent_parts(out)
        scaling = torch.load(out / "scaling.pt")
        z = sample(denoiser, start(4, 7, 7), labels, GUIDANCE, STEPS, False)
        pictures["latent"] = decoder(z * scaling["deviation"] + scaling["mean"])
    values = {name: [round(v, 5) for v in x.flatten().tolist()] for name, x in pictures.items()}
    versions = {name: importlib.metadata.version(name) for name in ("torch", "diffusers")}
    case = {"seed": SEED, "steps": STEPS, "guidance": GUIDANCE, "label": LABEL}
    result = {"provenance": "tooling/models/golden.py", "versions": versions, **case, "pictures": values}
    pathlib.Path(golden).write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

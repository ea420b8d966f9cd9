"""Draws contact sheets: a row of eight samples for each class.

  python tooling/models/sheet.py OUT SHEETS [guidance] [steps]
"""

import pathlib
import sys

import numpy
import torch
from diffusers import DDIMScheduler
from PIL import Image

import export
from networks import CLASSES, NO_CLASS
from train import SCHEDULE


@torch.no_grad()
def sample(denoiser, x, labels, guidance, steps, clip):
    """DDIM with classifier-free guidance, as diffusers' pipelines run it."""
    scheduler = DDIMScheduler(**SCHEDULE | {"clip_sample": clip})
    scheduler.set_timesteps(steps)
    none = torch.full_like(labels, NO_CLASS)
    for t in scheduler.timesteps:
        both = denoiser(torch.cat([x, x]), t.expand(2 * len(x)), torch.cat([labels, none]))
        with_class, without = both.chunk(2)
        x = scheduler.step(without + guidance * (with_class - without), t, x).prev_sample
    return x


def main(out, sheets, guidance="2", steps="20"):
    out, sheets = pathlib.Path(out), pathlib.Path(sheets)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    labels = torch.arange(len(CLASSES)).repeat_interleave(8)
    pictures = {}
    if (out / "pixel.pt").exists():
        x = torch.randn(len(labels), 1, 28, 28)
        pictures["pixel"] = sample(export.pixel_denoiser(out), x, labels, float(guidance), int(steps), True)
    if (out / "latent.pt").exists():
        denoiser, _, decoder = export.latent_parts(out)
        scaling = torch.load(out / "scaling.pt")
        x = torch.randn(len(labels), 4, 7, 7)
        z = sample(denoiser, x, labels, float(guidance), int(steps), False)
        pictures["latent"] = decoder(z * scaling["deviation"] + scaling["mean"]).detach()
    for name, x in pictures.items():
        grid = x.reshape(10, 8, 28, 28).permute(0, 2, 1, 3).reshape(280, 224)
        levels = ((grid.clamp(-1, 1) + 1) * 127.5).round().numpy().astype(numpy.uint8)
        sheets.mkdir(parents=True, exist_ok=True)
        Image.fromarray(255 - levels).resize((672, 840), 0).save(sheets / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])

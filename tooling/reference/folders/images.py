"""Runs of the real pipelines that start from an image, on the models of make.py.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/images.py tooling/fixtures/folders [NAME ...]

For each folder: golden.images.json has the cases, with the options of each call and the ids that each
text encoder got; golden.images.safetensors has for each case its latents before the first step and
after each, pasted ones pasted, and its pictures (uint8, as diffusers rounds them). Images and masks
are `pattern` and `mask_pattern`, which model-folder.ts has too.
"""

import json
import pathlib
import sys
import tempfile

import torch
from diffusers import (
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    FluxImg2ImgPipeline,
    FluxInpaintPipeline,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    LatentConsistencyModelImg2ImgPipeline,
    LCMScheduler,
    StableDiffusion3Img2ImgPipeline,
    StableDiffusion3InpaintPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionXLImg2ImgPipeline,
    StableDiffusionXLInpaintPipeline,
    TCDScheduler,
)
from safetensors.torch import save_file

import folders
import make
import prompts

PROMPT, NEGATIVE = prompts.PROMPT, prompts.NEGATIVE
ANCESTRAL = (EulerAncestralDiscreteScheduler, folders.SD_SCHEDULE)
HEUN = (HeunDiscreteScheduler, folders.SD_SCHEDULE)
DPM = (DPMSolverMultistepScheduler, folders.SD_SCHEDULE)
LCM = (LCMScheduler, folders.SD_SCHEDULE)
TCD = (TCDScheduler, folders.SD_SCHEDULE)
KDPM2 = (KDPM2AncestralDiscreteScheduler, folders.SD_SCHEDULE)


def pattern(rows, channels, height, width):
    """Numbers i = 0, 1, ... as (7919 i mod 511 - 255) / 255, in [-1, 1]."""
    i = torch.arange(rows * channels * height * width, dtype=torch.int64)
    return (((i * 7919) % 511 - 255).double() / 255).float().reshape(rows, channels, height, width)


def mask_pattern(rows, height, width):
    """At row y and column x of mask n: ((5 floor(x / 4) + 3 floor(y / 8) + 2 n) mod 10) / 9."""
    n, y, x = torch.meshgrid(torch.arange(rows), torch.arange(height), torch.arange(width), indexing="ij")
    return (((5 * (x // 4) + 3 * (y // 8) + 2 * n) % 10).double() / 9).float().unsqueeze(1)


def case(g, name, pipe, *, size=(64, 64), images=1, latents=False, masks=0, sized=False, pasted=False, **call):
    """One run, of so many images of size (width, height), or of latents."""
    width, height = size
    scale, channels = (8, pipe.vae.config.latent_channels) if latents else (1, 3)
    given = dict(image=pattern(images, channels, height // scale, width // scale))
    if masks:
        given["mask_image"] = mask_pattern(masks, height, width)
    if masks or sized:
        given.update(height=height, width=width)
    with prompts.ids_of(pipe) as ids:
        result = g.run(name, pipe, output_type="np", pasted=pasted, **given, **call)
    images_out = torch.from_numpy((result.images * 255).round().astype("uint8")).permute(0, 3, 1, 2)
    g.keep(**{f"{name}.images": images_out})
    g.cases[-1].update(
        ids=ids, prompt=call["prompt"], size=size, images=images, takes_latents=latents, masks=masks
    )


def other(kind, pipe, **changes):
    """A pipeline of another class with the same parts."""
    components = {**pipe.components, **changes}
    extra = dict(add_watermarker=False) if "XL" in kind.__name__ else {}
    if kind.__name__.startswith("StableDiffusionI") or "Latent" in kind.__name__:
        extra = dict(requires_safety_checker=False)
    return kind(**components, **extra)


def sd1(scratch):
    g, pipe = folders.Goldens(), folders.sd_pipeline(scratch)
    image = other(StableDiffusionImg2ImgPipeline, pipe)
    call = dict(prompt=PROMPT, guidance_scale=5.0)
    case(g, "image", image, steps=6, strength=0.6, negative_prompt=NEGATIVE, seed=3, prompt=PROMPT)
    several = dict(prompt=["a fox", "a stone"], num_images_per_prompt=2)
    case(g, "image-several", image, steps=5, strength=0.5, scheduler=ANCESTRAL, size=(96, 64), images=2, **several)
    case(g, "image-latents", image, steps=4, strength=1.0, scheduler=DPM, latents=True, **call)
    case(g, "image-heun", image, steps=4, strength=0.6, scheduler=HEUN, **call)
    case(g, "image-lcm", image, steps=4, strength=0.5, scheduler=LCM, prompt=PROMPT, guidance_scale=1.0)
    case(g, "image-tcd", image, steps=4, strength=0.8, scheduler=TCD, **call)
    case(g, "image-kdpm2", image, steps=4, strength=0.8, scheduler=KDPM2, **call)
    paste = other(StableDiffusionInpaintPipeline, pipe)
    pasted = dict(pasted=True, masks=1)
    case(g, "inpaint", paste, steps=5, negative_prompt=NEGATIVE, prompt=PROMPT, **pasted)
    case(g, "inpaint-part", paste, steps=5, strength=0.7, scheduler=ANCESTRAL, **pasted, **call)
    case(g, "inpaint-heun", paste, steps=3, strength=0.7, scheduler=HEUN, **pasted, **call)
    many = dict(pasted=True, masks=2, images=2, size=(96, 64), **several)
    case(g, "inpaint-several", paste, steps=4, strength=0.8, scheduler=DPM, **many)
    return g


def inpaint(scratch):
    g, pipe = folders.Goldens(), folders.inpaint_pipeline(scratch)
    case(g, "inpaint", pipe, steps=4, prompt=PROMPT, negative_prompt=NEGATIVE, masks=1)
    several = dict(prompt=["a fox", "a stone"], num_images_per_prompt=2, masks=2)
    case(g, "inpaint-part", pipe, steps=4, strength=0.6, scheduler=ANCESTRAL, size=(96, 64), **several)
    return g


def edit(scratch):
    g, pipe = folders.Goldens(), folders.edit_pipeline(scratch)
    case(g, "edit", pipe, steps=4, prompt=PROMPT, negative_prompt=NEGATIVE)
    several = dict(prompt=["a fox", "a stone"], num_images_per_prompt=2, images=2, size=(96, 64))
    case(g, "edit-several", pipe, steps=3, scheduler=ANCESTRAL, image_guidance_scale=2.0, **several)
    case(g, "edit-unguided", pipe, steps=3, prompt=PROMPT, image_guidance_scale=0.5)
    return g


def edit_xl(scratch):
    g, pipe = folders.Goldens(), folders.edit_xl_pipeline(scratch)
    case(g, "edit", pipe, steps=3, prompt=PROMPT, guidance_rescale=0.6, sized=True)
    return g


def sdxl(scratch):
    g, pipe = folders.Goldens(), folders.sdxl_pipeline(scratch)
    image = other(StableDiffusionXLImg2ImgPipeline, pipe)
    case(g, "image", image, steps=10, prompt=PROMPT, negative_prompt=NEGATIVE, guidance_rescale=0.5)
    paste = other(StableDiffusionXLInpaintPipeline, pipe)
    case(g, "inpaint", paste, steps=4, prompt=PROMPT, pasted=True, masks=1)
    return g


def refiner(scratch):
    g, pipe = folders.Goldens(), folders.refiner_pipeline(scratch)
    case(g, "image", pipe, steps=10, prompt=PROMPT, negative_prompt=NEGATIVE)
    case(g, "image-latents", pipe, steps=6, strength=0.5, prompt=PROMPT, latents=True, aesthetic_score=7.0)
    return g


def lcm(scratch):
    g, pipe = folders.Goldens(), folders.lcm_pipeline(scratch)
    image = other(LatentConsistencyModelImg2ImgPipeline, pipe)
    case(g, "image", image, steps=4, strength=0.6, prompt=PROMPT, seed=2)
    case(g, "image-original", image, steps=3, strength=0.5, original_inference_steps=20, prompt=PROMPT)
    return g


def sd3(scratch):
    g, pipe = folders.Goldens(), folders.sd3_pipeline(scratch)
    image = other(StableDiffusion3Img2ImgPipeline, pipe)
    case(g, "image", image, steps=5, strength=0.5, prompt=PROMPT, negative_prompt=NEGATIVE, sized=True)
    return g


def sd35(scratch):
    g, pipe = folders.Goldens(), folders.sd35_pipeline(scratch)
    paste = other(StableDiffusion3InpaintPipeline, pipe)
    pasted = dict(pasted=True, masks=1, prompt=PROMPT, negative_prompt=NEGATIVE)
    case(g, "inpaint", paste, steps=4, strength=0.7, **pasted)
    case(g, "inpaint-whole", paste, steps=3, strength=1.0, guidance_scale=1.0, **pasted)
    many = dict(prompt=["a fox", "a stone"], num_images_per_prompt=2, images=2, masks=2, size=(96, 64), pasted=True)
    case(g, "inpaint-several", paste, steps=3, strength=0.8, guidance_scale=3.0, **many)
    return g


def flux(scratch):
    g, pipe = folders.Goldens(), folders.flux_pipeline(scratch)
    image = other(FluxImg2ImgPipeline, pipe)
    case(g, "image", image, steps=5, strength=0.5, prompt=PROMPT, sized=True)
    paste = other(FluxInpaintPipeline, pipe)
    case(g, "inpaint", paste, steps=4, strength=0.7, prompt=PROMPT, pasted=True, masks=1)
    return g


ALL = {
    "sd1": sd1,
    "inpaint": inpaint,
    "edit": edit,
    "edit-xl": edit_xl,
    "sdxl": sdxl,
    "refiner": refiner,
    "lcm": lcm,
    "sd3": sd3,
    "sd35": sd35,
    "flux": flux,
}


def main(out, *names):
    for name in names or ALL:
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as scratch:
            cases, tensors = ALL[name](pathlib.Path(scratch)).done()
        target = pathlib.Path(out) / name
        save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, target / "golden.images.safetensors")
        golden = {"provenance": "tooling/reference/folders/images.py", "versions": make.versions(), "cases": cases}
        (target / "golden.images.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

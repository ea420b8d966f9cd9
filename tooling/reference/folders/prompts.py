"""Runs of the real pipelines from prompts, on the models of make.py.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/prompts.py tooling/fixtures/folders

For each folder: golden.prompts.json has the cases, with the options of each call, the ids that each
text encoder got and the shape of its pictures; golden.prompts.safetensors has for each case its
latents as make.py keeps them, its pictures (uint8, as diffusers rounds them), and the states that
encode_prompt gives ("CASE.states", "CASE.negative", "CASE.pooled", "CASE.negative_pooled").
"""

import contextlib
import json
import pathlib
import sys
import tempfile

import torch
from diffusers import FlowMatchHeunDiscreteScheduler, TCDScheduler
from safetensors.torch import save_file

import folders
import make

PROMPT = "a red fox, (sitting) on 2 stones"
NEGATIVE = "blurry"


@contextlib.contextmanager
def ids_of(pipe):
    """What the text encoders of a pipeline get meanwhile, by their names."""
    ids, hooks = {}, []
    for part in ["text_encoder", "text_encoder_2", "text_encoder_3"]:
        encoder = getattr(pipe, part, None)
        if encoder is not None:

            def keep(_, args, kwargs, part=part):
                given = args[0] if args else kwargs["input_ids"]
                ids.setdefault(part, []).append(given.tolist())

            hooks.append(encoder.register_forward_pre_hook(keep, with_kwargs=True))
    yield ids
    for hook in hooks:
        hook.remove()


def case(g, name, pipe, **call):
    """One run; the encoders' ids are what they get in it."""
    encode, states = pipe.encode_prompt, []

    def watched(*args, **kwargs):
        states.extend(encode(*args, **kwargs))
        return states

    pipe.encode_prompt = watched
    with ids_of(pipe) as ids:
        result = g.run(name, pipe, output_type="np", **call)
    pipe.encode_prompt = encode
    names = ["states", "negative", "pooled", "negative_pooled"]
    if "Flux" in type(pipe).__name__:
        names = ["states", "pooled"]
    g.keep(**{f"{name}.{key}": value for key, value in zip(names, states) if value is not None})
    images = torch.from_numpy((result.images * 255).round().astype("uint8")).permute(0, 3, 1, 2)
    g.keep(**{f"{name}.images": images})
    g.cases[-1].update(ids=ids, prompt=call["prompt"])


def sd1(scratch):
    g, pipe = folders.Goldens(), folders.sd_pipeline(scratch)
    case(g, "default", pipe, steps=6, prompt=PROMPT, negative_prompt=NEGATIVE, seed=3)
    several = dict(prompt=["a fox", "a stone"], num_images_per_prompt=2)
    case(g, "several", pipe, steps=4, guidance_scale=5.0, guidance_rescale=0.7, height=64, width=96, **several)
    case(g, "unguided", pipe, steps=4, guidance_scale=1.0, prompt="a dog " * 60)
    # The pipeline gives the scheduler its own default of eta, 0, and not the scheduler's, 0.3.
    tcd = (TCDScheduler, dict(folders.SD_SCHEDULE))
    case(g, "tcd", pipe, steps=3, guidance_scale=1.0, prompt=PROMPT, scheduler=tcd)
    return g


def sdxl(scratch):
    g, pipe = folders.Goldens(), folders.sdxl_pipeline(scratch)
    case(g, "default", pipe, steps=4, prompt=PROMPT)
    case(g, "negative", pipe, steps=3, prompt=PROMPT, negative_prompt=NEGATIVE, height=96, width=64, clip_skip=1)
    return g


def lcm(scratch):
    g, pipe = folders.Goldens(), folders.lcm_pipeline(scratch)
    case(g, "default", pipe, steps=4, prompt=PROMPT, seed=2)
    return g


def sd3(scratch):
    g, pipe = folders.Goldens(), folders.sd3_pipeline(scratch)
    case(g, "default", pipe, steps=4, prompt=PROMPT, negative_prompt=NEGATIVE)
    pipe.text_encoder_3 = pipe.tokenizer_3 = None
    case(g, "without-t5", pipe, steps=3, prompt=PROMPT)
    return g


def sd35(scratch):
    g, pipe = folders.Goldens(), folders.sd35_pipeline(scratch)
    heun = (FlowMatchHeunDiscreteScheduler, dict(shift=3.0))
    case(g, "heun", pipe, steps=4, guidance_scale=2.0, prompt=PROMPT, negative_prompt=NEGATIVE, scheduler=heun)
    return g


def flux(scratch):
    g, pipe = folders.Goldens(), folders.flux_pipeline(scratch)
    case(g, "default", pipe, steps=4, prompt=PROMPT, height=64, width=64)
    return g


def main(out, *names):
    for run in [sd1, sdxl, lcm, sd3, sd35, flux]:
        name = run.__name__
        if names and name not in names:
            continue
        torch.manual_seed(0)
        with tempfile.TemporaryDirectory() as scratch:
            cases, tensors = run(pathlib.Path(scratch)).done()
        target = pathlib.Path(out) / name
        tensors = {k: v.detach().clone().contiguous() for k, v in tensors.items()}
        save_file(tensors, target / "golden.prompts.safetensors")
        golden = {"provenance": "tooling/reference/folders/prompts.py", "versions": make.versions(), "cases": cases}
        (target / "golden.prompts.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Folders of UNets that take residuals, ControlNets for them, and runs of the real pipelines.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/control.py tooling/fixtures/folders

control and control-xl have unet, controlnet and (SD 1) controlnet_2 alone: the other parts are those
of sd1 and sdxl. golden.json names the files as make.py does. golden.control.json and .safetensors are
as prompts.py writes golden.prompts; a case's `nets` are its ControlNets, each with what it is given.
image.0 and image.1 are the images, uint8.

No exporter in the wild agrees with another on the names: control has those of diffusers' arguments,
control-xl those of ONNX Runtime's examples (down_block_0_additional_residual, the middle first).
"""

import importlib.metadata
import json
import pathlib
import shutil
import sys
import tempfile

import torch
from diffusers import (
    ControlNetModel,
    StableDiffusionControlNetPipeline,
    StableDiffusionXLControlNetPipeline,
    UNet2DConditionModel,
)
from safetensors.torch import save_file

import folders
import make
import parts
import prompts


class Call(torch.nn.Module):
    """A module whose inputs are tensors in order."""

    def __init__(self, module, call):
        super().__init__()
        self.module, self.call = module, call

    def forward(self, *inputs):
        return self.call(self.module, *inputs)


def export(target, module, call, inputs, outputs):
    """inputs: name -> (tensor, dynamic axes)."""
    target.mkdir(parents=True)
    torch.onnx.export(
        Call(module, call),
        tuple(tensor for tensor, _ in inputs.values()),
        target / "model.onnx",
        input_names=list(inputs),
        output_names=outputs,
        dynamic_axes={name: axes for name, (_, axes) in inputs.items() if axes},
        opset_version=17,
        dynamo=False,
    )


def sides(level):
    suffix = "" if level == 0 else str(2**level)
    return {0: "batch", 2: f"height{suffix}", 3: f"width{suffix}"}


CHANNELS = 16


def residual(level):
    return torch.randn(2, CHANNELS, 8 >> level, 8 >> level), sides(level)


LEVELS = [0, 0, 1, 1]


def latents_inputs(width):
    return {
        "sample": (torch.randn(2, 4, 8, 8), sides(0)),
        "timestep": (torch.tensor(3.0), None),
        "encoder_hidden_states": (torch.randn(2, 77, width), {0: "batch", 1: "sequence"}),
    }


def added_inputs():
    return {
        "text_embeds": (torch.randn(2, parts.WIDTH), {0: "batch"}),
        "time_ids": (torch.randn(2, 6), {0: "batch"}),
    }


def control_net(unet, seed, **changes):
    net = ControlNetModel.from_unet(unet, load_weights_from_unet=False, conditioning_channels=3)
    config = {**net.config, "conditioning_embedding_out_channels": (16, 16, 16, 16), **changes}
    # The zero convolutions too get numbers.
    return parts.packed(ControlNetModel.from_config(config), seed)


IMAGES = [
    torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(k)) for k in (1, 2)
]


def case(g, name, pipe, given, **call):
    """given: (net, image, options) of each ControlNet."""
    image = [(IMAGES[image].float() / 255)[None] for _, image, _ in given]
    options = {
        "controlnet_conditioning_scale": [o.get("scale", 1.0) for _, _, o in given],
        "control_guidance_start": [o.get("start", 0.0) for _, _, o in given],
        "control_guidance_end": [o.get("end", 1.0) for _, _, o in given],
    }
    if len(given) == 1:
        image, options = image[0], {key: value[0] for key, value in options.items()}
    prompts.case(g, name, pipe, image=image, guess_mode=any(o.get("guess") for _, _, o in given), **options, **call)
    g.cases[-1].update(nets=[{"net": net, "image": index, **o} for net, index, o in given])


def control(target, scratch):
    unet = parts.unet(50, block_out_channels=(CHANNELS, CHANNELS))
    pipe = folders.sd_pipeline(scratch, unet=unet)
    nets = {
        "controlnet": control_net(unet, 51),
        "controlnet_2": control_net(unet, 52, global_pool_conditions=True),
    }
    down = [f"down_block_additional_residuals_{i}" for i in range(4)]
    export(
        target / "unet",
        unet,
        lambda m, x, t, states, *r: m(
            x, t, states, down_block_additional_residuals=list(r[:-1]), mid_block_additional_residual=r[-1], return_dict=False
        )[0],
        {
            **latents_inputs(parts.WIDTH),
            **{name: residual(level) for name, level in zip(down, LEVELS)},
            "mid_block_additional_residual": residual(1),
        },
        ["out_sample"],
    )
    unet.save_config(target / "unet")
    for name, net in nets.items():
        export(
            target / name,
            net,
            lambda m, x, t, states, image: (lambda d, mid: (*d, mid))(*m(x, t, states, image, return_dict=False)),
            {**latents_inputs(parts.WIDTH), "controlnet_cond": (torch.rand(2, 3, 64, 64), {0: "batch", 2: "h", 3: "w"})},
            [*(f"down_block_res_samples_{i}" for i in range(4)), "mid_block_res_sample"],
        )
        net.save_config(target / name)
    g = folders.Goldens()

    def run(name, given, **call):
        chosen = [nets[net] for net, _, _ in given]
        components = {**pipe.components, "controlnet": chosen if len(chosen) > 1 else chosen[0]}
        components.pop("image_encoder", None)
        case(g, name, StableDiffusionControlNetPipeline(**components, requires_safety_checker=False), given, **call)

    first, second = "controlnet", "controlnet_2"
    run("one", [(first, 0, {"scale": 0.8})], steps=4, prompt=prompts.PROMPT)
    run("part", [(first, 0, {"start": 0.2, "end": 0.7})], steps=6, prompt=prompts.PROMPT, seed=4)
    run("guess", [(first, 0, {"guess": True})], steps=3, guidance_scale=3.0, prompt=prompts.PROMPT, negative_prompt="blurry")
    run("unguided", [(first, 1, {"guess": True})], steps=3, guidance_scale=1.0, prompt=prompts.PROMPT)
    run("pooled", [(second, 0, {"scale": 1.5})], steps=3, prompt=prompts.PROMPT)
    run("two", [(first, 0, {"scale": 0.5, "end": 0.6}), (second, 1, {"scale": 0.9})], steps=4, prompt=prompts.PROMPT)
    return g


def control_xl(target, scratch):
    pipe = folders.sdxl_pipeline(scratch)
    config = {**pipe.unet.config, "block_out_channels": (CHANNELS, CHANNELS)}
    unet = parts.packed(UNet2DConditionModel.from_config(config), 60)
    pipe.register_modules(unet=unet)
    net = control_net(unet, 61)
    width = 2 * parts.WIDTH

    def unet_call(m, x, t, states, text, ids, mid, *down):
        added = {"text_embeds": text, "time_ids": ids}
        more = dict(down_block_additional_residuals=list(down), mid_block_additional_residual=mid)
        return m(x, t, states, added_cond_kwargs=added, return_dict=False, **more)[0]

    def net_call(m, x, t, states, text, ids, image, scale):
        added = {"text_embeds": text, "time_ids": ids}
        down, mid = m(x, t, states, image, scale, added_cond_kwargs=added, return_dict=False)
        return (mid, *down)

    export(
        target / "unet",
        unet,
        unet_call,
        {
            **latents_inputs(width),
            **added_inputs(),
            "mid_block_additional_residual": residual(1),
            **{f"down_block_{i}_additional_residual": residual(level) for i, level in enumerate(LEVELS)},
        },
        ["out_sample"],
    )
    unet.save_config(target / "unet")
    export(
        target / "controlnet",
        net,
        net_call,
        {
            **latents_inputs(width),
            **added_inputs(),
            "controlnet_cond": (torch.rand(2, 3, 64, 64), {0: "batch", 2: "h", 3: "w"}),
            "conditioning_scale": (torch.tensor(1.0), None),
        },
        ["mid_block_res_sample", *(f"down_block_{i}_res_sample" for i in range(4))],
    )
    net.save_config(target / "controlnet")
    g = folders.Goldens()
    components = {**pipe.components, "controlnet": net}
    pipe = StableDiffusionXLControlNetPipeline(**components, add_watermarker=False)
    case(g, "one", pipe, [("controlnet", 0, {"scale": 0.7})], steps=3, prompt=prompts.PROMPT)
    return g


def main(out, *names):
    for name, run in {"control": control, "control-xl": control_xl}.items():
        if names and name not in names:
            continue
        torch.manual_seed(0)
        target = pathlib.Path(out) / name
        shutil.rmtree(target, ignore_errors=True)
        with tempfile.TemporaryDirectory() as scratch:
            cases, tensors = run(target, pathlib.Path(scratch)).done()
        make.strip_paths(target)
        files = make.pack(target)
        kept = {k: v.detach().clone().contiguous() for k, v in tensors.items() if k.endswith((".latents", ".images"))}
        save_file({**kept, **{f"image.{k}": v for k, v in enumerate(IMAGES)}}, target / "golden.control.safetensors")
        versions = {package: importlib.metadata.version(package) for package in make.PACKAGES}
        about = {"provenance": "tooling/reference/folders/control.py", "versions": versions}
        (target / "golden.json").write_text(json.dumps({**about, "files": files, "cases": []}, indent=1) + "\n")
        (target / "golden.control.json").write_text(json.dumps({**about, "cases": cases}, indent=1) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

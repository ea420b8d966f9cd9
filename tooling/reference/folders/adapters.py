"""Runs of the real pipelines with LoRAs and learned words, on the models of make.py.

  pip install -r tooling/reference/folders/requirements.txt peft==0.19.1
  HF_HUB_OFFLINE=1 python tooling/reference/folders/adapters.py tooling/fixtures/folders

Writes into sd1, sdxl, flux and sd35: golden.NAME.safetensors, the LoRAs and textual inversions (float16),
and golden.adapters.json and .safetensors as prompts.py writes golden.prompts. A case's `loras` are its
files and strengths, its `words` the files of its learned words. diffusers reads every file itself; its
readers of the original code's names for Flux have Flux's sizes in them, and get the tiny ones.
"""

import importlib.metadata
import inspect
import json
import math
import pathlib
import re
import sys
import tempfile

import torch
from diffusers.loaders import lora_conversion_utils, lora_pipeline
from diffusers.loaders.single_file_utils import convert_sd3_transformer_checkpoint_to_diffusers
from safetensors.torch import load_file, save_file

import folders
import make
import parts
import prompts

RANK = 2
UNET = r"(attentions.*(to_q|to_k|to_v|to_out\.0|proj_in|proj_out|net\.0\.proj|net\.2)|conv1|conv2|conv_shortcut|time_emb_proj)$"
TEXT = r"(q_proj|k_proj|v_proj|out_proj|fc1|fc2)$"


def pair(shape, generator):
    """Random down and up matrices for a weight."""
    out, *rest = shape
    down = torch.randn(RANK, *rest, generator=generator) / math.prod(rest) ** 0.5
    up = torch.randn(out, RANK, *[1] * (len(rest) - 1), generator=generator) * 0.7
    return down.half(), up.half()


def factors(model, pattern, seed):
    """Random down and up matrices for the modules whose names fit, LoCon's for convolutions."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for name, module in model.named_modules():
        if not re.search(pattern, name) or not isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            continue
        found[name] = pair(module.weight.shape, generator)
    return found


def kohya(prefix, found, alpha, rename=lambda name: name):
    tensors = {}
    for name, (down, up) in found.items():
        key = f"{prefix}_{rename(name).replace('.', '_')}"
        tensors[f"{key}.lora_down.weight"], tensors[f"{key}.lora_up.weight"] = down, up
        tensors[f"{key}.alpha"] = torch.tensor(alpha).half()
    return tensors


def peft(prefix, found):
    tensors = {}
    for name, (down, up) in found.items():
        tensors[f"{prefix}.{name}.lora_A.weight"], tensors[f"{prefix}.{name}.lora_B.weight"] = down, up
    return tensors


def sgm(name):
    """The name of a module of the tiny SDXL UNet, one layer a block, in the original code."""
    name = re.sub(r"^mid_block\.attentions\.0", "middle_block.1", name)
    name = re.sub(r"^mid_block\.resnets\.([01])", lambda m: f"middle_block.{2 * int(m[1])}", name)
    name = re.sub(r"^down_blocks\.(\d)\.(resnets|attentions)\.0", lambda m: f"input_blocks.{2 * int(m[1]) + 1}.{int(m[2] == 'attentions')}", name)
    name = re.sub(r"^up_blocks\.(\d)\.(resnets|attentions)\.(\d)", lambda m: f"output_blocks.{2 * int(m[1]) + int(m[3])}.{int(m[2] == 'attentions')}", name)
    for old, new in [("conv1", "in_layers.2"), ("conv2", "out_layers.3"), ("time_emb_proj", "emb_layers.1"), ("conv_shortcut", "skip_connection")]:
        name = re.sub(rf"\.{old}$", f".{new}", name)
    return name


def word(seed, *shape):
    return (torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 0.5).half()


def case(g, name, pipe, target, loras=(), words=(), **call):
    for i, (file, strength) in enumerate(loras):
        pipe.load_lora_weights(load_file(target / f"golden.{file}.safetensors"), adapter_name=f"a{i}")
    if loras:
        pipe.set_adapters([f"a{i}" for i in range(len(loras))], [strength for _, strength in loras])
    prompts.case(g, name, pipe, **call)
    g.cases[-1].update(loras=list(loras), words=dict(words))
    if loras:
        pipe.unload_lora_weights()


def sd1(scratch, target):
    g, pipe = folders.Goldens(), folders.sd_pipeline(scratch)
    unet, text = factors(pipe.unet, UNET, 1), factors(pipe.text_encoder, TEXT, 2)
    save_file({**kohya("lora_unet", unet, 1.5), **kohya("lora_te", text, 1.0)}, target / "golden.kohya.safetensors")
    some = {k: v for k, v in factors(pipe.unet, r"to_[qkv]$", 3).items()}
    save_file({**peft("unet", some), **peft("text_encoder", factors(pipe.text_encoder, TEXT, 4))}, target / "golden.peft.safetensors")
    case(g, "kohya", pipe, target, [("kohya", 0.8)], steps=4, prompt=prompts.PROMPT)
    case(g, "two", pipe, target, [("kohya", 0.5), ("peft", -0.7)], steps=3, prompt=prompts.PROMPT)
    save_file({"<toy>": word(5, 2, 32)}, target / "golden.toy.safetensors")
    save_file({"emb_params": word(6, 1, 32)}, target / "golden.style.safetensors")
    words = {"<toy>": "toy", "paint": "style"}
    for token, file in words.items():
        pipe.load_textual_inversion(load_file(target / f"golden.{file}.safetensors"), token=token)
    case(g, "words", pipe, target, [("kohya", 0.8)], words, steps=3, prompt="a <toy>, red paint", negative_prompt="paint")
    return g


def sdxl(scratch, target):
    g, pipe = folders.Goldens(), folders.sdxl_pipeline(scratch)
    files = {
        **kohya("lora_unet", factors(pipe.unet, UNET, 1), 1.0, sgm),
        **kohya("lora_te1", factors(pipe.text_encoder, TEXT, 2), 2.0),
        **kohya("lora_te2", factors(pipe.text_encoder_2, TEXT, 3), 1.0),
    }
    save_file(files, target / "golden.kohya.safetensors")
    save_file({"clip_l": word(4, 2, 32), "clip_g": word(5, 2, 32)}, target / "golden.toy.safetensors")
    case(g, "kohya", pipe, target, [("kohya", 0.7)], steps=3, prompt=prompts.PROMPT)
    toy = load_file(target / "golden.toy.safetensors")
    pipe.load_textual_inversion(toy["clip_l"], token="<toy>", text_encoder=pipe.text_encoder, tokenizer=pipe.tokenizer)
    pipe.load_textual_inversion(toy["clip_g"], token="<toy>", text_encoder=pipe.text_encoder_2, tokenizer=pipe.tokenizer_2)
    case(g, "words", pipe, target, [], {"<toy>": "toy"}, steps=3, prompt="a <toy> fox")
    return g


# The modules of a block of Flux's original code: how many widths of outputs and of inputs they have.
DOUBLE = {"attn.qkv": (3, 1), "attn.proj": (1, 1), "mlp.0": (4, 1), "mlp.2": (1, 4), "mod.lin": (6, 1)}
SINGLE = {"linear1": (7, 1), "linear2": (1, 5), "modulation.lin": (3, 1)}


def original(seed, outside):
    """Random factors for the modules of Flux's original code, of one block of each kind."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {f"double_blocks.0.{side}_{name}": size for side in ["img", "txt"] for name, size in DOUBLE.items()}
    sizes |= {f"single_blocks.0.{name}": size for name, size in SINGLE.items()} | outside
    return {name: pair([int(n * parts.WIDTH) for n in size], generator) for name, size in sizes.items()}


def xlabs(found):
    tensors = {}
    for name, (down, up) in found.items():
        block, _, module = name.partition(".0.")
        number = {"img": "1", "txt": "2"}.get(module[:3], "")
        for words, kind in [(("qkv", "linear1"), "qkv"), (("attn.proj", "linear2"), "proj")]:
            if module.endswith(words):
                key = f"{block}.0.processor.{kind}_lora{number}"
                # It trains no part of the layers beside the attention.
                rows = 3 * parts.WIDTH if kind == "qkv" else None
                tensors[f"{key}.down.weight"], tensors[f"{key}.up.weight"] = down, up[:rows].contiguous()
    return tensors


def tiny_readers():
    for name in ["_convert_kohya_flux_lora_to_diffusers", "_convert_fal_kontext_lora_to_diffusers"]:
        source = inspect.getsource(getattr(lora_conversion_utils, name))
        sizes = {"12288": 4 * parts.WIDTH, "3072": parts.WIDTH, "num_layers = 19": "num_layers = 1", "num_single_layers = 38": "num_single_layers = 1"}
        for flux_size, size in sizes.items():
            source = source.replace(flux_size, str(size))
        scope = dict(vars(lora_conversion_utils))
        exec(source, scope)
        setattr(lora_pipeline, name, scope[name])


LINEAR = r"(to_[qkv]|to_out\.0|add_[qkv]_proj|to_add_out|net\.0\.proj|net\.2|proj_mlp|proj_out|embedder|linear|linear_[12])$"


def flux(scratch, target):
    g, pipe = folders.Goldens(), folders.flux_pipeline(scratch)
    tiny_readers()
    last = {"final_layer.linear": (0.5, 1)}
    text = kohya("lora_te1", factors(pipe.text_encoder, TEXT, 2), 1.0)
    # diffusers leaves out what lies outside of the blocks.
    both = original(1, {"img_in": (1, 0.5), "time_in.in_layer": (1, 8), **last})
    files = {
        "kohya": {**kohya("lora_unet", both, 1.5), **text},
        "fal": peft("base_model.model", original(3, last)),
        "xlabs": xlabs(original(4, {})),
        "peft": {**peft("transformer", factors(pipe.transformer, LINEAR, 5)), **peft("text_encoder", factors(pipe.text_encoder, TEXT, 6))},
        "mixture": kohya("lora_transformer", factors(pipe.transformer, r"attn\.(to_[qkv]|add_[qkv]_proj|to_add_out|to_out\.0)$", 7), 3.0),
    }
    for name, tensors in files.items():
        save_file(tensors, target / f"golden.{name}.safetensors")
        case(g, name, pipe, target, [(name, 0.7)], steps=2, prompt=prompts.PROMPT, height=64, width=64)
    return g


# The modules of one side of a block of SD3's original code.
SIDE = {"attn.qkv": (3, 1), "attn.proj": (1, 1), "mlp.fc1": (4, 1), "mlp.fc2": (1, 4), "adaLN_modulation.1": (6, 1)}


class Deltas(dict):
    """A checkpoint whose other weights are zeros."""

    def pop(self, key):
        return super().pop(key, torch.zeros(6, 1))


def joint(seed):
    """Random factors for the modules of SD3's original code, of two blocks, the first with two attentions."""
    generator = torch.Generator().manual_seed(seed)
    sizes = {f"joint_blocks.{i}.{side}_block.{name}": size for i in range(2) for side in ["x", "context"] for name, size in SIDE.items()}
    # The last block gives no text back.
    for name in ["attn.proj", "mlp.fc1", "mlp.fc2"]:
        del sizes[f"joint_blocks.1.context_block.{name}"]
    sizes["joint_blocks.1.context_block.adaLN_modulation.1"] = (2, 1)
    sizes["joint_blocks.0.x_block.adaLN_modulation.1"] = (9, 1)
    sizes |= {"joint_blocks.0.x_block.attn2.qkv": (3, 1), "joint_blocks.0.x_block.attn2.proj": (1, 1)}
    sizes |= {"final_layer.linear": (2, 1), "final_layer.adaLN_modulation.1": (2, 1), "t_embedder.mlp.0": (1, 8), "y_embedder.mlp.2": (1, 1)}
    return {name: pair([n * parts.WIDTH for n in size], generator) for name, size in sizes.items()}


def add_to(transformer, found, scale):
    """Adds up @ down to the weights that diffusers' reader of checkpoints makes of the modules."""
    deltas = Deltas({f"{name}.weight": scale * up.float() @ down.float() for name, (down, up) in found.items()})
    deltas["context_embedder.weight"] = torch.zeros(parts.WIDTH, parts.WIDTH)
    weights = transformer.state_dict()
    for name, delta in convert_sd3_transformer_checkpoint_to_diffusers(deltas).items():
        if delta.any():
            weights[name] += delta
    transformer.load_state_dict(weights)


def sd35(scratch, target):
    g, pipe = folders.Goldens(), folders.sd35_pipeline(scratch)
    found = {**peft("transformer", factors(pipe.transformer, LINEAR, 1)), **peft("text_encoder_2", factors(pipe.text_encoder_2, TEXT, 2))}
    save_file(found, target / "golden.peft.safetensors")
    call = dict(steps=2, guidance_scale=3.0, prompt=prompts.PROMPT)
    case(g, "peft", pipe, target, [("peft", 0.6)], **call)
    # diffusers has a reader of SD3's original names for checkpoints alone.
    found = joint(3)
    save_file(kohya("lora_unet", found, 1.5), target / "golden.kohya.safetensors")
    add_to(pipe.transformer, found, 0.6 * 1.5 / RANK)
    case(g, "kohya", pipe, target, **call)
    g.cases[-1].update(loras=[("kohya", 0.6)])
    return g


def main(out, *names):
    for run in [sd1, sdxl, flux, sd35]:
        name = run.__name__
        if names and name not in names:
            continue
        torch.manual_seed(0)
        target = pathlib.Path(out) / name
        with tempfile.TemporaryDirectory() as scratch:
            cases, tensors = run(pathlib.Path(scratch), target).done()
        kept = {k: v.detach().clone().contiguous() for k, v in tensors.items() if k.endswith((".latents", ".images"))}
        save_file(kept, target / "golden.adapters.safetensors")
        versions = {package: importlib.metadata.version(package) for package in [*make.PACKAGES, "peft"]}
        golden = {"provenance": "tooling/reference/folders/adapters.py", "versions": versions, "cases": cases}
        (target / "golden.adapters.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

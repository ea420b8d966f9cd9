"""What turns latents into pictures and looks at them, as the real classes do it: a tiny decoder, a VAE
in halves that overflows, and a safety checker; and runs of the real pipelines from prompts with them.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/pictures.py tooling/fixtures/folders

OUT/NAME is a folder as make.py writes it. OUT/sd1/golden.pictures.json and .safetensors have runs of
sd1 that prompts.py lacks: clip_skip, a negative prompt for each prompt, a tiny decoder, a checker.
"""

import importlib.metadata
import json
import pathlib
import shutil
import sys
import tempfile

import torch
from diffusers import AutoencoderTiny
from diffusers.pipelines.stable_diffusion import StableDiffusionSafetyChecker
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPImageProcessor

import folders
import make
import parts

LATENT = {0: "batch_size", 1: "num_channels_latent", 2: "latent_height", 3: "latent_width"}
IMAGE = {0: "batch_size", 1: "num_channels", 2: "height", 3: "width"}


class TinyEncoder(torch.nn.Module):
    def __init__(self, vae):
        super().__init__()
        self.vae = vae

    def forward(self, sample):
        return self.vae.encode(sample).latents


class Moments(TinyEncoder):
    def forward(self, sample):
        return self.vae.encode(sample).latent_dist.parameters


def halves_of_vae(vae, target, encoder, dtype=torch.float32):
    """vae_decoder and vae_encoder with optimum's names, and the config beside both."""
    for part, module, example, source, result, axes in [
        ("vae_decoder", folders.Decoder(vae), torch.zeros(1, 4, 8, 8), "latent_sample", "sample", LATENT),
        ("vae_encoder", encoder(vae), torch.zeros(1, 3, 64, 64), "sample", "latent_parameters", IMAGE),
    ]:
        folders.onnx_file(module, (example.to(dtype),), target / part / "model.onnx", [source], [result], {source: axes}, opset=14)
        vae.save_config(target / part)


def tiny_vae():
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
    )
    return parts.packed(vae, 71)


def tiny(target, scratch):
    vae = tiny_vae()
    halves_of_vae(vae, target, TinyEncoder)
    with torch.no_grad():
        image = torch.linspace(-1, 1, 3 * 64 * 64).sin().reshape(1, 3, 64, 64)
        latents = vae.encode(image).latents
        decoded = vae.decode(latents).sample
    return dict(latents=latents, decoded=decoded)


def overflowing_vae():
    """A VAE whose first layer goes beyond 65504 for latents of order 1."""
    vae = parts.vae(81)
    vae.decoder.conv_in.weight.data.mul_(2.0**14)
    vae.encoder.conv_in.weight.data.mul_(2.0**16)
    return vae


def overflow(target, scratch):
    vae = overflowing_vae().half()
    halves_of_vae(vae, target, Moments, torch.float16)
    z = torch.linspace(-2, 2, 4 * 8 * 8).sin().reshape(1, 4, 8, 8)
    image = torch.linspace(-1, 1, 3 * 64 * 64).sin().reshape(1, 3, 64, 64)
    with torch.no_grad():
        assert not vae.decode((z / vae.config.scaling_factor).half()).sample.isfinite().all()
        assert not vae.encode(image.half()).latent_dist.parameters.isfinite().all()
        vae = vae.float()
        decoded = vae.decode(z / vae.config.scaling_factor).sample
        moments = vae.encode(image).latent_dist.parameters
    return dict(z=z, decoded=decoded, image=image, moments=moments)


def checker(threshold):
    """A checker that flags a picture whose similarity to its first concept is above `threshold`."""
    vision = dict(hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=8)
    config = CLIPConfig(projection_dim=16, vision_config=vision, text_config=dict(vocab_size=600))
    model = parts.packed(StableDiffusionSafetyChecker(config), 91)
    model.concept_embeds_weights.data.fill_(2.0)
    model.special_care_embeds_weights.data.fill_(2.0)
    model.concept_embeds_weights.data[0] = threshold
    return model


def processor():
    return CLIPImageProcessor(size=dict(shortest_edge=32), crop_size=32)


def similarity(model, image):
    """Of an image [3, height, width] in 0..255 to the first concept."""
    values = processor()(image, return_tensors="pt").pixel_values
    with torch.no_grad():
        embeds = model.visual_projection(model.vision_model(values)[1])
    return torch.nn.functional.cosine_similarity(embeds, model.concept_embeds[:1]).item()


def checked(target, scratch):
    """The safety checker of diffusers' script of 2022, and what its processor makes of pictures."""
    model = checker(THRESHOLD)
    model.forward = model.forward_onnx
    example = (torch.zeros(1, 3, 32, 32), torch.zeros(1, 64, 64, 3))
    names = ["clip_input", "images"]
    axes = {
        "clip_input": {0: "batch", 1: "channels", 2: "height", 3: "width"},
        "images": {0: "batch", 1: "height", 2: "width", 3: "channels"},
    }
    folders.onnx_file(model, example, target / "safety_checker/model.onnx", names, ["out_images", "has_nsfw_concepts"], axes, opset=14)
    processor().save_pretrained(target / "feature_extractor")
    tensors = {}
    generator = torch.Generator().manual_seed(5)
    for name, (height, width), options in [
        ("smaller", (96, 64), {}),
        ("larger", (20, 27), {}),
        ("same", (32, 32), {}),
        ("wide", (40, 150), dict(size=dict(shortest_edge=48), crop_size=dict(height=40, width=56))),
        ("padded", (32, 32), dict(size=dict(shortest_edge=24), crop_size=32)),
        ("stretched", (30, 50), dict(size=dict(height=36, width=28), crop_size=28)),
    ]:
        image = torch.randint(0, 256, (3, height, width), generator=generator, dtype=torch.uint8)
        values = CLIPImageProcessor(**{**dict(size=dict(shortest_edge=32), crop_size=32), **options})(image, return_tensors="pt")
        tensors[f"{name}.image"], tensors[f"{name}.values"] = image, values.pixel_values[0]
    return tensors


def sd1_runs(scratch):
    g = folders.Goldens()
    images = {}

    def run(name, pipe, **call):
        result = g.run(name, pipe, output_type="np", **call)
        images[name] = torch.from_numpy((result.images * 255).round().astype("uint8")).permute(0, 3, 1, 2)
        g.keep(**{f"{name}.images": images[name]})
        return result

    def note(call, **more):
        g.cases[-1].update(prompt=call["prompt"], **more)

    pipe = folders.sd_pipeline(scratch)
    for skip in [1, 2]:
        call = dict(prompt="a red fox", negative_prompt="blurry", clip_skip=skip)
        run(f"clip-skip-{skip}", pipe, steps=3, **call)
        note(call)
    call = dict(prompt=["a fox", "a stone"], negative_prompt=["snow", "the red stone"], num_images_per_prompt=2)
    run("negatives", pipe, steps=3, **call)
    note(call, negative_prompt=call["negative_prompt"])
    call = dict(prompt="a red fox")
    run("tiny", folders.sd_pipeline(scratch, vae=tiny_vae()), steps=3, **call)
    note(call)
    # Pictures of two prompts, of which the checker flags some.
    call = dict(prompt=["a fox", "a stone"], num_images_per_prompt=2)
    run("unchecked", pipe, steps=3, **call)
    note(call)
    found = [similarity(checker(0), image) for image in images["unchecked"]]
    print("similarities", found)
    watched = folders.sd_pipeline(scratch, safety_checker=checker(THRESHOLD), feature_extractor=processor())
    result = run("checked", watched, steps=3, **call)
    note(call, nsfw_content_detected=result.nsfw_content_detected)
    return g.done()


# Between the similarities of the pictures of "unchecked".
THRESHOLD = 0.0175

FOLDERS = {"tiny-decoder": tiny, "half-overflow": overflow, "safety-checker": checked}


def main(out, *names):
    versions = {package: importlib.metadata.version(package) for package in make.PACKAGES}
    source = {"provenance": "tooling/reference/folders/pictures.py", "versions": versions}
    write = lambda path, value: path.write_text(json.dumps(value, indent=1) + "\n")
    plain = lambda tensors: {k: v.detach().clone().contiguous() for k, v in tensors.items()}
    for name, make_folder in FOLDERS.items():
        if names and name not in names:
            continue
        torch.manual_seed(0)
        target = pathlib.Path(out) / name
        shutil.rmtree(target, ignore_errors=True)
        with tempfile.TemporaryDirectory() as scratch:
            tensors = make_folder(target, pathlib.Path(scratch))
        make.strip_paths(target)
        files = make.pack(target)
        save_file(plain(tensors), target / "golden.safetensors")
        write(target / "golden.json", {**source, "files": files, "cases": []})
        print(name, flush=True)
    if not names or "sd1" in names:
        with tempfile.TemporaryDirectory() as scratch:
            cases, tensors = sd1_runs(pathlib.Path(scratch))
        target = pathlib.Path(out) / "sd1"
        save_file(plain(tensors), target / "golden.pictures.safetensors")
        write(target / "golden.pictures.json", {**source, "cases": cases})


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Latents and pictures of the autoencoders of exported folders, by diffusers' own AutoencoderKL.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/latents.py tooling/fixtures/folders

FOLDERS/NAME/golden.vae.safetensors holds, of two pictures of bytes `pattern(shape)`: the mean and the
log variance of each posterior as the denoiser sees them, (mean - shift) * factor, and the picture that
the decoder gives for that mean, in [-1, 1] and not clipped. golden.vae.json has the versions and sizes.
The script stops where the exported files and the AutoencoderKL that it makes differ.
"""

import gzip
import json
import math
import pathlib
import sys

import numpy as np
import onnxruntime
import torch
from safetensors.torch import save_file

import parts
from make import versions

# Of a 4-channel latent with a factor alone, and of 16 channels with a factor and a shift.
VAES = {
    "sd1": lambda: parts.vae(2),
    "sd35": lambda: parts.vae(
        32,
        latent_channels=16,
        shift_factor=0.0609,
        scaling_factor=1.5305,
        use_quant_conv=False,
        use_post_quant_conv=False,
    ),
}
SHAPE = (2, 3, 32, 48)


def pattern(shape):
    """Bytes that need no file: packages/cli/test/latents.test.ts has the same line."""
    i = torch.arange(math.prod(shape), dtype=torch.int64)
    return ((i * 7919) % 251).reshape(shape)


def exported(folder, part, name, x):
    files = json.loads((folder / "golden.json").read_text())["files"]
    model = gzip.decompress((folder.parent / "blobs" / files[f"{part}/model.onnx"]).read_bytes())
    return onnxruntime.InferenceSession(model).run(None, {name: x.numpy()})[0]


def main(root):
    images = pattern(SHAPE).float() / 127.5 - 1
    for name, make in VAES.items():
        folder, vae = pathlib.Path(root) / name, make()
        factor, shift = vae.config.scaling_factor, vae.config.shift_factor or 0
        with torch.no_grad():
            posterior = vae.encode(images).latent_dist
            z = (posterior.mean - shift) * factor
            decoded = vae.decode(z / factor + shift).sample
        moments = exported(folder, "vae_encoder", "sample", images)
        np.testing.assert_allclose(moments, posterior.parameters.numpy(), atol=2e-5)
        again = exported(folder, "vae_decoder", "latent_sample", z / factor + shift)
        np.testing.assert_allclose(again, decoded.numpy(), atol=2e-5)
        log_variance = posterior.logvar + 2 * math.log(factor)
        tensors = dict(z=z, log_variance=log_variance, decoded=decoded)
        save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "golden.vae.safetensors")
        golden = {
            "provenance": "tooling/reference/folders/latents.py",
            "versions": versions(),
            "cases": [{"name": "vae", "shape": SHAPE, "scaling_factor": factor, "shift_factor": shift}],
        }
        (folder / "golden.vae.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, tuple(z.shape), float(z.abs().max()), float(decoded.abs().max()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

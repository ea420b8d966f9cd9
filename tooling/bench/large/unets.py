"""Folders with a UNet of Stable Diffusion 1.5's layout and random weights, as an exporter writes them.

  python tooling/bench/large/unets.py OUT NAME ...      NAME: sd15-fp32, sd15-fp16, half-fp32

OUT/NAME/unet/model.onnx takes sample [batch, 4, height, width], timestep [1] and
encoder_hidden_states [batch, tokens, 768]. Weights of more than 2 GiB are in model.onnx_data.
"""

import json
import pathlib
import shutil
import sys
import tempfile

import onnx
import torch
from diffusers import PNDMScheduler, UNet2DConditionModel

# unet/config.json of Stable Diffusion 1.5; fields that are left out have diffusers' defaults.
SD15 = dict(sample_size=64, cross_attention_dim=768, attention_head_dim=8, block_out_channels=(320, 640, 1280, 1280))
HALF = {**SD15, "block_out_channels": (160, 320, 640, 640)}
UNETS = {
    "sd15-fp32": (SD15, torch.float32),
    "sd15-fp16": (SD15, torch.float16),
    "half-fp32": (HALF, torch.float32),
}
AXES = {
    "sample": {0: "batch", 2: "height", 3: "width"},
    "timestep": {0: "steps"},
    "encoder_hidden_states": {0: "batch", 1: "tokens"},
    "out_sample": {0: "batch", 2: "height", 3: "width"},
}


class Output(torch.nn.Module):
    """The UNet as a function of three tensors, to its one output."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.unet(sample, timestep, encoder_hidden_states, return_dict=False)[0]


def make(config, dtype, target):
    torch.manual_seed(0)
    unet = UNet2DConditionModel(**config).to(dtype).eval()
    unet.save_config(target / "unet")
    example = (torch.zeros(2, 4, 8, 8, dtype=dtype), torch.ones(1, dtype=torch.int64), torch.zeros(2, 77, 768, dtype=dtype))
    names = list(AXES)
    # The exporter writes a file for each weight where all are above 2 GiB; they are joined below.
    with tempfile.TemporaryDirectory(dir=target) as scratch:
        path = pathlib.Path(scratch) / "model.onnx"
        with torch.no_grad():
            torch.onnx.export(
                Output(unet),
                example,
                str(path),
                input_names=names[:3],
                output_names=names[3:],
                dynamic_axes=AXES,
                opset_version=17,
                dynamo=False,
            )
        del unet
        size = sum(file.stat().st_size for file in path.parent.iterdir())
        model = onnx.load(path)
        data = dict(save_as_external_data=True, location="model.onnx_data") if size >= 2**31 else {}
        onnx.save_model(model, target / "unet/model.onnx", **data)


def main(out, *names):
    for name in names:
        target = pathlib.Path(out) / name
        shutil.rmtree(target, ignore_errors=True)
        make(*UNETS[name], target)
        scheduler = PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1
        )
        scheduler.save_config(target / "scheduler")
        # Written last: a folder with an index is whole.
        index = {"_class_name": "DiffusionPipeline", "scheduler": ["diffusers", "PNDMScheduler"], "unet": ["diffusers", "OnnxRuntimeModel"]}
        (target / "model_index.json").write_text(json.dumps(index) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

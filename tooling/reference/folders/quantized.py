"""Quantized UNets and text encoders, with the outputs of ONNX Runtime in Python.

  pip install -r tooling/reference/folders/requirements.txt
  HF_HUB_OFFLINE=1 python tooling/reference/folders/quantized.py tooling/fixtures/folders

quantized has a UNet for the other parts of sd1 in each form, a file of its own: dynamic (int8
activations and weights), qdq (int8 by calibration), nbits (MatMulNBits of 4 bits), int4 (blocks of
4 bits in DequantizeLinear, operator set 21); text encoders: text-dynamic, text-blocks (a table of
embeddings in blocks too). golden.safetensors has the outputs of onnxruntime for the inputs of
quantized.test.ts, as NAME. golden.quantized.json and .safetensors are runs of diffusers' pipeline whose
UNet is onnxruntime's session of that form, as prompts.py writes them.

Weights have 7 bits or no sign, so that no kernel saturates, whatever the processor.
"""

import importlib.metadata
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
from safetensors.torch import save_file

import folders
import make
import parts
import prompts


class Samples(CalibrationDataReader):
    def __init__(self):
        random = np.random.default_rng(0)
        self.samples = iter(
            {
                "sample": random.standard_normal((2, 4, 8, 8)).astype("f"),
                "timestep": np.array(t, dtype="f"),
                "encoder_hidden_states": random.standard_normal((2, 77, parts.WIDTH)).astype("f"),
            }
            for t in (900, 500, 100)
        )

    def get_next(self):
        return next(self.samples, None)


def quantize(scratch, target):
    unet, text = scratch / "unet/model.onnx", scratch / "text_encoder/model.onnx"
    quantize_dynamic(unet, target / "dynamic.onnx", weight_type=QuantType.QUInt8)
    quantize_dynamic(text, target / "text-dynamic.onnx", weight_type=QuantType.QUInt8)
    options = dict(weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    quantize_static(unet, target / "qdq.onnx", Samples(), quant_format=QuantFormat.QDQ, **options)
    blocks = dict(op_types_to_quantize=("MatMul", "Gather"), quant_axes=(("MatMul", 0), ("Gather", 1)))
    for name, source, call in [
        ("nbits", unet, dict(block_size=16, is_symmetric=False)),
        ("int4", unet, dict(block_size=32, is_symmetric=True, quant_format=QuantFormat.QDQ)),
        ("text-blocks", text, dict(block_size=16, is_symmetric=True, **blocks)),
    ]:
        quantizer = MatMulNBitsQuantizer(onnx.load(source), **call)
        quantizer.process()
        quantizer.model.save_model_to_file(str(target / f"{name}.onnx"))


INPUTS = {
    "sample": np.sin(np.arange(512) * 0.7).astype("f").reshape(2, 4, 8, 8),
    "timestep": np.array(501, dtype="f"),
    "encoder_hidden_states": np.cos(np.arange(2 * 77 * 32) * 0.3).astype("f").reshape(2, 77, 32),
    "input_ids": np.array([[598, 40, 41, 42] + [599] * 73]),
}


def main(out):
    torch.manual_seed(0)
    target = pathlib.Path(out) / "quantized"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        unet = parts.unet(50, block_out_channels=(16, 16))
        pipe = folders.sd_pipeline(scratch, unet=unet)
        folders.export(pipe, scratch / "onnx", scratch)
        quantize(scratch / "onnx", target)
        unet.save_config(target / "unet")
        g, outputs = folders.Goldens(), {}
        for path in sorted(target.glob("*.onnx")):
            session = onnxruntime.InferenceSession(path)
            types = {i.name: "int32" if "32" in i.type and "int" in i.type else None for i in session.get_inputs()}
            feeds = {name: INPUTS[name].astype(dtype) if dtype else INPUTS[name] for name, dtype in types.items()}
            outputs[path.stem] = torch.from_numpy(session.run(None, feeds)[0])
            if path.stem.startswith("text"):
                continue

            def forward(sample, t, encoder_hidden_states, session=session, **_):
                feeds = dict(sample=sample, timestep=t.float(), encoder_hidden_states=encoder_hidden_states)
                return [torch.from_numpy(session.run(None, {k: v.numpy() for k, v in feeds.items()})[0])]

            pipe.unet.forward = forward
            prompts.case(g, path.stem, pipe, steps=3, guidance_scale=1.0, prompt=prompts.PROMPT)
    make.strip_paths(target)
    files = make.pack(target)
    cases, tensors = g.done()
    kept = {k: v.detach().clone().contiguous() for k, v in tensors.items() if k.endswith((".latents", ".images"))}
    save_file(kept, target / "golden.quantized.safetensors")
    save_file({k: v.contiguous() for k, v in outputs.items()}, target / "golden.safetensors")
    packages = [*make.PACKAGES, "onnxruntime"]
    versions = {package: importlib.metadata.version(package) for package in packages}
    about = {"provenance": "tooling/reference/folders/quantized.py", "versions": versions}
    (target / "golden.json").write_text(json.dumps({**about, "files": files, "cases": []}, indent=1) + "\n")
    (target / "golden.quantized.json").write_text(json.dumps({**about, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])

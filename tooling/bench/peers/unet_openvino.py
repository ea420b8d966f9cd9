"""The UNet's DDIM step in OpenVINO, converted from the PyTorch module."""
import sys

sys.modules["openvino_telemetry"] = None  # Without this module OpenVINO sends no usage data.

import openvino, torch

import serve, unet

settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": serve.threads}


def prepare(module, batch=16):
    example = torch.zeros(batch, 1, 28, 28), torch.zeros(batch, dtype=torch.int64)
    model = openvino.convert_model(module, example_input=example, input=[each.shape for each in example])
    compiled = openvino.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", **settings})
    return lambda x, t: torch.from_numpy(compiled([x.numpy(), t.numpy()])[0])


serve.answer(unet.sampler(prepare), f"OpenVINO {openvino.__version__.split('-')[0]}")

"""Writes the trained models as folders that our packages and ONNX Runtime open.

  python tooling/models/export.py OUT FOLDERS

FOLDERS/pixel and FOLDERS/latent get model_index.json, scheduler/scheduler_config.json,
unet/model.onnx and, for the latent model, vae_encoder and vae_decoder. FOLDERS/SHA256SUMS has the
checksums. Weights are stored as
float16; a Cast makes them float32, in which the models compute.
"""

import hashlib
import json
import pathlib
import sys

import numpy
import onnx
import torch
from onnx import helper, numpy_helper

from networks import CLASSES, LATENT_CHANNELS, Decoder, Encoder, LatentDenoiser, PixelDenoiser
from train import SCHEDULE

ONNX_RUNTIME = ["diffusers", "OnnxRuntimeModel"]
BATCH = torch.export.Dim("batch", min=1, max=4096)


def halve(model):
    """Float32 initializers of more than 64 numbers become float16, with a Cast behind each."""
    casts, kept = [], []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != numpy.float32 or values.size <= 64:
            kept.append(tensor)
            continue
        half = f"{tensor.name}_half"
        kept.append(numpy_helper.from_array(values.astype(numpy.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(nodes)


def write_model(module, inputs, output, path):
    """Exports a module whose inputs have a free batch."""
    path.parent.mkdir(parents=True, exist_ok=True)
    program = torch.onnx.export(
        module.eval(),
        tuple(inputs.values()),
        input_names=list(inputs),
        output_names=[output],
        dynamic_shapes=tuple({0: BATCH} for _ in inputs),
        dynamo=True,
        opset_version=18,
        verbose=False,
    )
    program.optimize()
    model = program.model_proto
    halve(model)
    # The exporter writes where each node comes from, with paths of this machine.
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    del model.graph.value_info[:], model.graph.metadata_props[:], model.metadata_props[:], model.functions[:]
    for value in [*model.graph.initializer, *model.graph.input, *model.graph.output]:
        value.doc_string = ""
        if hasattr(value, "metadata_props"):
            del value.metadata_props[:]
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


def rounded(module, weights):
    """A module with weights that float16 holds, so that PyTorch computes what the file says."""
    module.load_state_dict(weights)
    for value in module.state_dict().values():
        if value.is_floating_point() and value.numel() > 64:
            value.copy_(value.half().float())
    return module.eval()


def write_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_index(folder, name, shape, parts, clip=False, **own):
    index = {
        "_class_name": name,
        "_diffusers_version": "0.39.0",
        "scheduler": ["diffusers", "DDIMScheduler"],
        **{part: ONNX_RUNTIME for part in parts},
        "_gen": {"version": 1, "shape": shape, "classes": CLASSES, **own},
    }
    write_json(folder / "model_index.json", index)
    scheduler = {"_class_name": "DDIMScheduler", "_diffusers_version": "0.39.0", **SCHEDULE}
    scheduler["clip_sample"] = clip
    write_json(folder / "scheduler" / "scheduler_config.json", scheduler)


def denoiser_inputs(shape):
    return {
        "sample": torch.randn(2, *shape),
        "timestep": torch.tensor([10, 20]),
        "class_labels": torch.tensor([1, 2]),
    }


def pixel_denoiser(out):
    return rounded(PixelDenoiser(), torch.load(out / "pixel.pt"))


def latent_parts(out):
    weights = torch.load(out / "vae.pt")
    parts = [
        rounded(module, {k.split(".", 1)[1]: v for k, v in weights.items() if k.startswith(name)})
        for module, name in ((Encoder(), "encoder."), (Decoder(), "decoder."))
    ]
    return rounded(LatentDenoiser(), torch.load(out / "latent.pt")), *parts


def write_pixel(out, folder):
    shape = [1, 28, 28]
    write_model(pixel_denoiser(out), denoiser_inputs(shape), "out_sample", folder / "unet" / "model.onnx")
    write_index(folder, "DDPMPipeline", shape, ["unet"], clip=True)


def write_latent(out, folder):
    shape, image = [LATENT_CHANNELS, 7, 7], [1, 28, 28]
    denoiser, encoder, decoder = latent_parts(out)
    scaling = torch.load(out / "scaling.pt")
    write_model(denoiser, denoiser_inputs(shape), "out_sample", folder / "unet" / "model.onnx")
    write_model(encoder, {"sample": torch.randn(2, *image)}, "latent_parameters", folder / "vae_encoder" / "model.onnx")
    write_model(decoder, {"latent_sample": torch.randn(2, *shape)}, "sample", folder / "vae_decoder" / "model.onnx")
    config = {
        "latent_channels": LATENT_CHANNELS,
        "sample_size": image[-1],
        "scaling_factor": 1 / scaling["deviation"],
        "shift_factor": scaling["mean"],
    }
    for part in ("vae_encoder", "vae_decoder"):
        write_json(folder / part / "config.json", config)
    write_index(folder, "LDMPipeline", shape, ["unet", "vae_encoder", "vae_decoder"], image=image)


def main(out, folders):
    out, folders = pathlib.Path(out), pathlib.Path(folders)
    if (out / "pixel.pt").exists():
        write_pixel(out, folders / "pixel")
    if (out / "latent.pt").exists():
        write_latent(out, folders / "latent")
    files = sorted(path for path in folders.rglob("*") if path.suffix in (".onnx", ".json"))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folders)}\n" for path in files]
    (folders / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    main(*sys.argv[1:])

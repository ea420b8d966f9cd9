"""Writes packages/pipeline/test/reference/lora: tiny models as ONNX, LoRAs, and what PyTorch merges.

    python3.11 -m venv V
    V/bin/pip install torch==2.15.0 diffusers==0.39.0 transformers==4.57.6 peft==0.19.0 \\
      accelerate==1.15.0 onnx==1.23.2 onnxscript==0.7.2
    V/bin/python tooling/reference/lora-merge.py

unet-script.onnx and text-encoder.onnx come from the TorchScript exporter, which renames the weights
of linear layers; unet-dynamo.onnx from the dynamo exporter; unet-fused.onnx after diffusers'
fuse_qkv_projections; unet-half.onnx has the same weights in
float16. The LoRAs: kohya.safetensors, sgm.safetensors (kohya's file for SDXL, with the block names
of the original code), peft.safetensors and old.safetensors (diffusers before and after peft), each
read and merged by diffusers' own load_lora_weights and fuse_lora. expected.json has the output of
the UNet and of the text encoder after each merge, and two sums of each merged weight: of its
values, and of its values times sin(0.1 i). cat-toy.safetensors and style.safetensors are textual
inversions for the text encoder, as diffusers and Stable Diffusion web UI save them.
"""

import gzip
import json
import pathlib
import tempfile

import diffusers
import numpy
import onnx
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.loaders.lora_conversion_utils import _maybe_map_sgm_blocks_to_diffusers
from onnx import numpy_helper
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/pipeline/test/reference/lora"
OUT.mkdir(parents=True, exist_ok=True)
torch.set_num_threads(1)
RANK, ALPHA = 3, 2.0


def unet():
    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=8, in_channels=4, out_channels=4, layers_per_block=1, block_out_channels=(8, 16),
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=12, attention_head_dim=2, norm_num_groups=4).eval()


def text_encoder():
    torch.manual_seed(1)
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=40, hidden_size=12, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=8, bos_token_id=38, eos_token_id=39, pad_token_id=39)).eval()


def pipeline():
    vae = AutoencoderKL(block_out_channels=(8,), norm_num_groups=4, down_block_types=("DownEncoderBlock2D",),
                        up_block_types=("UpDecoderBlock2D",))
    return StableDiffusionPipeline(vae, text_encoder(), None, unet(), DDIMScheduler(), None, None, requires_safety_checker=False)


INPUTS = (
    torch.sin(torch.arange(256.0)).reshape(1, 4, 8, 8), torch.tensor(5.0),
    torch.cos(torch.arange(72.0)).reshape(1, 6, 12))
IDS = torch.tensor([[38, 3, 17, 5, 39, 39, 39, 39]])
UNET_NAMES = dict(input_names=["sample", "timestep", "encoder_hidden_states"], output_names=["out_sample"])


def write(name, content):
    (OUT / (name + ".gz")).write_bytes(gzip.compress(content, 9, mtime=0))


def export(module, inputs, name, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.onnx"
        torch.onnx.export(module, inputs, path, **options)
        model = onnx.load(path)
    # The stack traces of the dynamo exporter name files of the machine.
    for node in model.graph.node:
        scopes = [p for p in node.metadata_props if p.key == "pkg.torch.onnx.name_scopes"]
        del node.metadata_props[:]
        node.metadata_props.extend(scopes)
        node.doc_string = ""
    for value in [*model.graph.value_info, *model.graph.initializer, *model.graph.input, *model.graph.output]:
        del value.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    del model.metadata_props[:]
    content = model.SerializeToString()
    if len(content) < 100_000:
        (OUT / name).write_bytes(content)
    else:
        write(name, content)


def random_lora(seed):
    """Module paths of the UNet and the text encoder with their A and B, as peft makes them."""
    pipe = pipeline()
    torch.manual_seed(seed)
    targets = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2",
               "conv1", "conv2", "conv_shortcut", "time_emb_proj"]
    pipe.unet.add_adapter(LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=targets))
    pipe.text_encoder.add_adapter(LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]))
    parts = {}
    for part in ("unet", "text_encoder"):
        for key, value in get_peft_model_state_dict(getattr(pipe, part)).items():
            path, kind = key.rsplit(".lora_", 1)
            parts.setdefault((part, path), {})[kind[0]] = (torch.randn_like(value) * 0.2).contiguous()
    return parts


def kohya(parts):
    tensors = {}
    for (part, path), ab in parts.items():
        name = ("lora_unet_" if part == "unet" else "lora_te_") + path.replace(".", "_")
        tensors |= {f"{name}.lora_down.weight": ab["A"], f"{name}.lora_up.weight": ab["B"], f"{name}.alpha": torch.tensor(ALPHA)}
    return tensors


BLOCKS = [
    ("down_blocks_0_resnets_0", "input_blocks_1_0"), ("down_blocks_0_attentions_0", "input_blocks_1_1"),
    ("down_blocks_1_resnets_0", "input_blocks_3_0"),
    ("mid_block_resnets_0", "middle_block_0"), ("mid_block_attentions_0", "middle_block_1"), ("mid_block_resnets_1", "middle_block_2"),
    ("up_blocks_0_resnets_0", "output_blocks_0_0"), ("up_blocks_0_resnets_1", "output_blocks_1_0"),
    ("up_blocks_1_resnets_0", "output_blocks_2_0"), ("up_blocks_1_attentions_0", "output_blocks_2_1"),
    ("up_blocks_1_resnets_1", "output_blocks_3_0"), ("up_blocks_1_attentions_1", "output_blocks_3_1"),
]
INNER = [("_conv1.", "_in_layers_2."), ("_conv2.", "_out_layers_3."), ("_time_emb_proj.", "_emb_layers_1."), ("_conv_shortcut.", "_skip_connection.")]


def sgm(tensors):
    out = {}
    for key, value in tensors.items():
        if key.startswith("lora_te"):
            continue
        name = key
        for ours, theirs in BLOCKS:
            name = name.replace("lora_unet_" + ours + "_", "lora_unet_" + theirs + "_")
        if "resnets" in key:
            for ours, theirs in INNER:
                name = name.replace(ours, theirs)
        assert name != key
        out[name] = value.half() if value.dim() else value
    class Config:
        layers_per_block = 1
    mapped = _maybe_map_sgm_blocks_to_diffusers(dict(out), Config())
    attentions = {key for key in tensors if "attentions" in key and key.startswith("lora_unet")}
    names = [("input_blocks", "down_blocks"), ("middle_block", "mid_block"), ("output_blocks", "up_blocks")]
    found = set()
    for key in mapped:
        for theirs, ours in names:
            key = key.replace(theirs, ours)
        found |= {key} if "attentions" in key else set()
    assert found == attentions
    return out


def peft_file(parts):
    return {f"{part}.{path}.lora_{k}.weight": value for (part, path), ab in parts.items() for k, value in ab.items()}


def old_file(parts):
    """Attention alone, as diffusers before peft wrote it."""
    tensors = {}
    for (part, path), ab in parts.items():
        for word in ("to_q", "to_k", "to_v", "to_out.0"):
            if part == "unet" and path.endswith(word):
                name = path[:-len(word)] + "processor." + word.replace(".0", "") + "_lora"
                tensors |= {f"unet.{name}.down.weight": ab["A"], f"unet.{name}.up.weight": ab["B"]}
    return tensors


def sums(weight):
    values = weight.detach().double().flatten()
    return [values.sum().item(), (values * torch.sin(0.1 * torch.arange(len(values), dtype=torch.float64))).sum().item()]


def merged(uses):
    pipe = pipeline()
    base = {part: {name: module.weight.clone() for name, module in getattr(pipe, part).named_modules() if hasattr(module, "weight")} for part in ("unet", "text_encoder")}
    names = [f"a{i}" for i in range(len(uses))]
    for name, (file, _) in zip(names, uses):
        pipe.load_lora_weights(str(OUT), weight_name=file, adapter_name=name)
    pipe.set_adapters(names, [strength for _, strength in uses])
    components = [part for part in ("unet", "text_encoder") if getattr(getattr(pipe, part), "peft_config", None)]
    pipe.fuse_lora(components=components, adapter_names=names)
    pipe.unload_lora_weights()
    changed = {}
    for part in ("unet", "text_encoder"):
        for name, module in getattr(pipe, part).named_modules():
            if hasattr(module, "weight") and not torch.equal(module.weight, base[part][name]):
                changed[f"{part}.{name}"] = sums(module.weight)
    with torch.no_grad():
        return {
            "uses": uses, "changed": changed,
            "unet": pipe.unet(*INPUTS).sample.flatten().tolist(),
            "text_encoder": pipe.text_encoder(IDS).last_hidden_state.flatten().tolist()}


def merged_half(parts, strength):
    """Float32 sums of the float16 weights, rounded once."""
    model, changed = unet().half(), {}
    modules = dict(model.named_modules())
    for (part, path), ab in parts.items():
        if part == "unet":
            weight = modules[path].weight
            delta = (ab["B"].flatten(1).double() @ ab["A"].flatten(1).double()).reshape(weight.shape)
            changed[f"unet.{path}"] = sums((weight.double() + strength * ALPHA / RANK * delta).float().half())
    return changed


def inverted():
    """A text encoder with two learned words, of two vectors and of one, as diffusers adds them."""
    torch.manual_seed(7)
    toy, style = torch.randn(2, 12), torch.randn(12)
    save_file({"<cat-toy>": toy}, OUT / "cat-toy.safetensors")
    save_file({"emb_params": style[None].half()}, OUT / "style.safetensors")
    model = text_encoder()
    model.resize_token_embeddings(43, mean_resizing=False)
    rows = model.get_input_embeddings().weight
    rows.data[40:42], rows.data[42] = toy, style.half().float()
    ids = torch.tensor([[38, 3, 40, 41, 42, 39, 39, 39]])
    with torch.no_grad():
        return {"ids": ids[0].tolist(), "last_hidden_state": model(ids).last_hidden_state.flatten().tolist()}


def queries():
    """A MatMul of the module attn1.to_q, for the fuzzer."""
    weight = numpy_helper.from_array(numpy.zeros((2, 3), numpy.float32), "onnx::MatMul_1")
    value = lambda name, n: onnx.helper.make_tensor_value_info(name, 1, [1, n])
    node = onnx.helper.make_node("MatMul", ["x", "onnx::MatMul_1"], ["y"], name="/attn1/to_q/MatMul")
    graph = onnx.helper.make_graph([node], "queries", [value("x", 2)], [value("y", 3)], [weight])
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


if __name__ == "__main__":
    (OUT / "queries.onnx").write_bytes(queries().SerializeToString())
    export(unet(), INPUTS, "unet-script.onnx", dynamo=False, opset_version=17, **UNET_NAMES)
    export(unet(), INPUTS, "unet-dynamo.onnx", dynamo=True, external_data=False, **UNET_NAMES)
    fused = unet()
    fused.fuse_qkv_projections()
    export(fused, INPUTS, "unet-fused.onnx", dynamo=False, opset_version=17, **UNET_NAMES)
    half = unet().half()
    export(half, tuple(x.half() for x in INPUTS), "unet-half.onnx", dynamo=False, opset_version=17, **UNET_NAMES)
    export(text_encoder(), (IDS,), "text-encoder.onnx", dynamo=False, opset_version=17, input_names=["input_ids"], output_names=["last_hidden_state", "pooler_output"])
    first, second = random_lora(2), random_lora(3)
    save_file(kohya(first), OUT / "kohya.safetensors")
    save_file(sgm(kohya(first)), OUT / "sgm.safetensors")
    save_file(peft_file(second), OUT / "peft.safetensors")
    save_file(old_file(second), OUT / "old.safetensors")
    cases = [[("kohya.safetensors", 0.8)], [("peft.safetensors", 1.0)], [("old.safetensors", -0.5)],
             [("kohya.safetensors", 0.8), ("peft.safetensors", 0.4)]]
    expected = {
        "versions": {"torch": torch.__version__, "diffusers": diffusers.__version__},
        "merges": [merged(uses) for uses in cases],
        "inverted": inverted(),
        "half": {"uses": cases[0], "changed": merged_half(first, 0.8)},
    }
    write("expected.json", json.dumps(expected, separators=(",", ":")).encode())

"""The headers of UNets of Stable Diffusion 1.5's layout, without their weights.

  python tooling/bench/large/unets.py FOLDERS sd15-fp16 sd15-fp32 half-fp32
  python tooling/reference/unet-headers.py FOLDERS packages/runtime-gpu/test/reference

Weights of 1 kB and more are said to lie in model.onnx_data, which is not written. Nodes have no names,
and values short ones. Made with the pinned packages of tooling/bench/requirements.txt.
"""

import gzip
import pathlib
import sys

import onnx
from onnx.external_data_helper import set_external_data


def headers(path):
    model = onnx.load(path, load_external_data=False)
    graph, names, offset = model.graph, {"": ""}, 0
    kept = {value.name for value in [*graph.input, *graph.output]}
    for tensor in graph.initializer:
        outside = {entry.key: entry.value for entry in tensor.external_data}
        length = int(outside.get("length", len(tensor.raw_data)))
        if length < 1024:
            continue
        tensor.raw_data = b""
        set_external_data(tensor, "model.onnx_data", offset, length)
        tensor.ClearField("raw_data")
        offset += length
    short = lambda name: name if name in kept else names.setdefault(name, f"v{len(names)}")
    for tensor in graph.initializer:
        tensor.name = short(tensor.name)
    for node in graph.node:
        node.name = node.doc_string = ""
        node.input[:] = [short(name) for name in node.input]
        node.output[:] = [short(name) for name in node.output]
    del graph.value_info[:]
    return model.SerializeToString(), offset


folders, out = map(pathlib.Path, sys.argv[1:])
for name in ["sd15-fp16", "sd15-fp32", "half-fp32"]:
    data, offset = headers(folders / name / "unet/model.onnx")
    (out / f"unet-{name}.onnx.gz").write_bytes(gzip.compress(data, 9, mtime=0))
    print(name, len(data), offset)

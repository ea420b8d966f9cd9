"""Moves the weights of an ONNX model from its initializers to Constant nodes.

Run with onnx 1.23.2:
python3 tooling/reference/onnx-constants.py packages/graph/test/reference/denoiser-17.onnx packages/pipeline/test/reference/denoiser-constants-17.onnx
"""

import sys

import onnx
from onnx import helper

source, target = sys.argv[1:]
model = onnx.load(source)
graph = model.graph
nodes = [helper.make_node("Constant", [], [t.name], value=t) for t in graph.initializer]
nodes += graph.node
del graph.initializer[:]
del graph.node[:]
graph.node.extend(nodes)
onnx.checker.check_model(model)
onnx.save(model, target)

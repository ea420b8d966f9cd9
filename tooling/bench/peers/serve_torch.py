"""Shared code of the PyTorch peers: threads, the options of WAY, the name of the library."""
import re

import torch

import serve

torch.set_num_threads(serve.threads)
torch.manual_seed(0)


def adam(parameters):
    options = {"Adam": {}, "foreach Adam": {"foreach": True}, "fused Adam": {"fused": True}}
    return torch.optim.Adam(parameters, lr=1e-3, **options[serve.choose(*options)])


def prepare(module):
    """The module as WAY runs it."""
    if "channels last" in serve.way:
        module = module.to(memory_format=torch.channels_last)
    if serve.choose("eager", "torch.compile") == "eager":
        return module
    torch._inductor.config.freezing = "freezing" in serve.way
    return torch.compile(module, dynamic=False)


def library():
    """PyTorch, its BLAS and oneDNN, with their versions."""
    config = torch.__config__.show()
    mkl = re.search(r"Math Kernel Library Version ([\d.]+)", config)
    onednn = re.search(r"(?:MKL-DNN|oneDNN) v([\d.]+)", config)
    blas = f"MKL {mkl[1]}" if mkl else re.search(r"BLAS_INFO=(\w+)", config)[1]
    products = f"{blas}, oneDNN {onednn[1]}" if onednn else blas
    return f"PyTorch {torch.__version__.split('+')[0]} ({products})"


def answer(commands):
    serve.answer(commands, library(), torch.get_num_threads())

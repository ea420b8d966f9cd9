"""pytorch-fid's InceptionV3 with random weights, as ONNX, and pytorch-fid's numbers beside it.

    python3.11 -m venv V
    V/bin/pip install -r tooling/models/features/inception.txt
    V/bin/python tooling/models/features/inception.py make OUT.onnx [--narrow] [--batch 1]
    V/bin/python tooling/models/features/inception.py fid A.npy B.npy [--narrow]

The trained weights are a download of 90 MB, and the arithmetic is the same without them. The network
is that of pytorch_fid.inception, its blocks with the FID's own pooling, from images [batch, 3, 299,
299] in [0, 1] to 2048 features. Batch norm has the statistics of random images, so that the features
have a size that trained ones have. `--narrow` makes a network of 24 features with its operators on
images of 31 x 31, which is small enough for a repository.

`fid` computes the features of images [count, 1 or 3, height, width] in [-1, 1] by PyTorch itself,
scaled as pytorch-fid scales them, and prints pytorch-fid's distance.
"""
import argparse
import importlib.metadata
import json

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from pytorch_fid import fid_score, inception
from torchvision.models.inception import BasicConv2d

SIDE, NARROW_SIDE = 299, 31
BATCH = 8


class Narrow(torch.nn.Module):
    """The operators of pytorch-fid's InceptionV3 with few channels, called as it is."""

    def __init__(self):
        super().__init__()
        self.resize_input = True
        self.stem = BasicConv2d(3, 4, kernel_size=3, stride=2)
        self.one = BasicConv2d(4, 4, kernel_size=1)
        self.wide = torch.nn.Sequential(
            BasicConv2d(4, 4, kernel_size=(1, 7), padding=(0, 3)), BasicConv2d(4, 4, kernel_size=(7, 1), padding=(3, 0))
        )
        self.averaged, self.largest = BasicConv2d(4, 4, kernel_size=1), BasicConv2d(4, 4, kernel_size=1)
        self.halved = BasicConv2d(16, 8, kernel_size=3, stride=2)
        self.pooled = torch.nn.AdaptiveAvgPool2d((1, 1))

    def forward(self, x):
        if self.resize_input:
            size = (NARROW_SIDE, NARROW_SIDE)
            x = F.interpolate(x, size=size, mode="bilinear", align_corners=False)
        x = F.max_pool2d(self.stem(2 * x - 1), kernel_size=3, stride=2)
        averaged = F.avg_pool2d(x, kernel_size=3, stride=1, padding=1, count_include_pad=False)
        largest = F.max_pool2d(x, kernel_size=3, stride=1, padding=1)
        branches = [self.one(x), self.wide(x), self.averaged(averaged), self.largest(largest)]
        x = torch.cat(branches, 1)
        x = torch.cat([self.halved(x), F.max_pool2d(x, kernel_size=3, stride=2)], 1)
        return [self.pooled(x)]


def plain_inception():
    plain = torchvision.models.inception_v3(
        num_classes=1008, aux_logits=False, weights=None, init_weights=False
    )
    # pytorch-fid downloads the weights of a network with these names.
    inception.load_state_dict_from_url = lambda *_, **__: plain.state_dict()
    return inception.InceptionV3([3], resize_input=True, normalize_input=True)


def network(narrow):
    """The network, the same for the same torch."""
    torch.manual_seed(0)
    net = Narrow() if narrow else plain_inception()
    generator = torch.Generator().manual_seed(1)
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.reset_running_stats()
    net.train()
    with torch.no_grad():
        for _ in range(2):
            net(torch.rand(BATCH, 3, 24, 24, generator=generator))
    return net.eval()


class Features(torch.nn.Module):
    """The 2048 features as the model's only output."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, image):
        return self.net(image)[0]


def make(path, batch, narrow):
    net, side = network(narrow), NARROW_SIDE if narrow else SIDE
    # The file takes images of its own size.
    net.resize_input = False
    axes = None if batch else {"image": {0: "batch"}, "features": {0: "batch"}}
    torch.onnx.export(
        Features(net),
        (torch.zeros(batch or 2, 3, side, side),),
        path,
        input_names=["image"],
        output_names=["features"],
        dynamic_axes=axes,
        opset_version=17,
        dynamo=False,
    )


def features(net, path):
    images = (torch.from_numpy(np.load(path)).float() + 1) / 2
    if images.shape[1] == 1:
        images = images.expand(-1, 3, -1, -1)
    with torch.no_grad():
        parts = [net(part)[0].flatten(1) for part in images.split(BATCH)]
    return torch.cat(parts).numpy()


def fid(paths, narrow):
    net = network(narrow)
    found = [features(net, path) for path in paths]
    moments = []
    for values in found:
        moments += [np.mean(values, axis=0), np.cov(values, rowvar=False)]
    packages = ["torch", "torchvision", "pytorch-fid", "numpy", "scipy"]
    print(
        json.dumps(
            {
                "frechet": float(fid_score.calculate_frechet_distance(*moments)),
                "features": [[float(v) for v in values[0, :4]] for values in found],
                "versions": {name: importlib.metadata.version(name) for name in packages},
            }
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["make", "fid"])
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--narrow", action="store_true")
    given = parser.parse_args()
    if given.what == "make":
        make(given.paths[0], given.batch, given.narrow)
    else:
        fid(given.paths, given.narrow)

"""The networks of the two models: diffusers' UNet2DModel, and a small autoencoder."""

import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from torch import nn

CLASSES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
NO_CLASS = len(CLASSES)
LATENT_CHANNELS = 4


def unet(channels, size, widths, layers=1):
    levels = len(widths)
    return UNet2DModel(
        sample_size=size,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=widths,
        layers_per_block=layers,
        down_block_types=("DownBlock2D",) * levels,
        up_block_types=("UpBlock2D",) * levels,
        norm_num_groups=8,
        attention_head_dim=16,
        num_class_embeds=len(CLASSES) + 1,
    )


class PixelDenoiser(nn.Module):
    """x [batch, 1, 28, 28]; the UNet sees blocks of 2 x 2 pixels as channels [batch, 4, 14, 14]."""

    def __init__(self):
        super().__init__()
        self.unet = unet(4, 14, (32, 64))

    def forward(self, sample, timestep, class_labels):
        blocks = F.pixel_unshuffle(sample, 2)
        return F.pixel_shuffle(self.unet(blocks, timestep, class_labels, return_dict=False)[0], 2)


class LatentDenoiser(nn.Module):
    """Latents [batch, 4, 7, 7]."""

    def __init__(self):
        super().__init__()
        self.unet = unet(LATENT_CHANNELS, 7, (64,))

    def forward(self, sample, timestep, class_labels):
        return self.unet(sample, timestep, class_labels, return_dict=False)[0]


class Residual(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layers = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, x):
        return x + self.layers(x)


class Encoder(nn.Module):
    """Pictures [batch, 1, 28, 28] to the mean and log variance of latents [batch, 8, 7, 7]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.PixelUnshuffle(2),
            nn.Conv2d(4, 32, 3, padding=1),
            Residual(32),
            nn.Conv2d(32, 64, 3, stride=2, padding=1),
            Residual(64),
            nn.SiLU(),
            nn.Conv2d(64, 2 * LATENT_CHANNELS, 3, padding=1),
        )

    def forward(self, sample):
        return self.layers(sample)


class Decoder(nn.Module):
    """Latents [batch, 4, 7, 7] to pictures [batch, 1, 28, 28]."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, 64, 3, padding=1),
            Residual(64),
            nn.Conv2d(64, 128, 3, padding=1),
            nn.PixelShuffle(2),
            Residual(32),
            Residual(32),
            nn.SiLU(),
            nn.Conv2d(32, 4, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latent_sample):
        return self.layers(latent_sample)

"""Writes packages/data/test/fixtures with numpy, safetensors and Pillow. Tests read the files.

Run with Debian's python3-numpy 1.24.2, safetensors 0.8.0 and pillow 12.3.0 (from PyPI):
    python3 tooling/datasets/build-fixtures.py
"""
import io
import pathlib
import numpy as np
from PIL import Image, PngImagePlugin
from safetensors.numpy import save_file

out = pathlib.Path(__file__).parents[2] / "packages/data/test/fixtures"
out.mkdir(parents=True, exist_ok=True)

ramp = np.arange(6).reshape(2, 3)  # [[0, 1, 2], [3, 4, 5]]
arrays = {
    "f4": (ramp / 4 - 0.5).astype("<f4"),
    "f8": (ramp / 3).astype("<f8"),
    "f2": (ramp / 4).astype("<f2"),
    "i4": (ramp - 3).astype("<i4"),
    "i8": (ramp * 2**40 - 3).astype("<i8"),
    "u1": (ramp * 50).astype("u1"),
    "bool": ramp % 2 == 0,
    "big-endian": (ramp / 4 - 0.5).astype(">f4"),
    "fortran": np.asfortranarray((ramp / 4 - 0.5).astype("<f4")),
    "fortran-3d": np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype("<i4")),
    "scalar": np.array(7, "<i4"),
    "vector": np.arange(3).astype("<f4"),
    "empty": np.zeros((0, 3), "<f4"),
    "object": np.array([None, 1], dtype=object),
    "complex": np.zeros(2, "<c8"),
}
for name, array in arrays.items():
    np.save(out / f"{name}.npy", array)
with open(out / "version-2.npy", "wb") as file:
    np.lib.format.write_array(file, arrays["f4"], version=(2, 0))

points = np.arange(8).reshape(4, 2).astype("<f4")
labels = np.array([0, 1, 0, 1])
np.savez(out / "points.npz", x=points, labels=labels)
np.savez_compressed(out / "points-compressed.npz", x=points, labels=labels)

save_file(
    {"weight": arrays["f4"], "half": arrays["f2"], "step": np.array([3], "<i8"), "bias": arrays["f8"]},
    out / "model.safetensors",
    metadata={"format": "gen", "note": "µ"},
)

# One 4x2 picture in each kind of PNG: gray levels 17 * (0..7), and colors made from them.
level = (np.arange(8) * 17).astype("u1").reshape(2, 4)
rgb = np.stack([level, 255 - level, level // 2], -1)
alpha = np.where(np.arange(8).reshape(2, 4) < 4, 255, 0).astype("u1")
pictures = {
    "grey": Image.fromarray(level),
    "grey-16": Image.fromarray(level.astype("u2") * 257),
    "grey-1": Image.fromarray(level > 50),
    "grey-alpha": Image.fromarray(np.stack([level, alpha], -1)),
    "rgb": Image.fromarray(rgb),
    "rgba": Image.fromarray(np.dstack([rgb, alpha])),
    "palette": Image.fromarray(rgb).quantize(8),
}
for name, picture in pictures.items():
    picture.save(out / f"{name}.png")
Image.fromarray(level).save(out / "grey-transparent.png", transparency=17)
pictures["palette"].save(out / "palette-4-bit.png", bits=4)

# Texts in each kind of chunk, as Stable Diffusion web UI writes them with Pillow.
PARAMETERS = """a red fox, (snow:1.2)
second line: with a colon
Negative prompt: blurry,
low quality
Steps: 20, Sampler: Euler a, CFG scale: 7.5, Seed: 1234567890, Size: 512x768, Model hash: 6ce0161689, Model: "sd, v1-5", Denoising strength: 0.6, Clip skip: 2, Version: v1.10.1"""
for name, text, compressed in [
    ("text", PARAMETERS, False),
    ("text-compressed", PARAMETERS, True),
    ("text-unicode", PARAMETERS.replace("red fox", "红狐狸 🦊"), False),
    ("text-unicode-compressed", PARAMETERS.replace("red fox", "红狐狸 🦊"), True),
]:
    info = PngImagePlugin.PngInfo()
    try:
        text.encode("latin-1")
        info.add_text("parameters", text, zip=compressed)
    except UnicodeEncodeError:
        info.add_itxt("parameters", text, zip=compressed)
    Image.fromarray(level).save(out / f"{name}.png", pnginfo=info)

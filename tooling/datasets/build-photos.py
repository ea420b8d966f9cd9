"""Writes packages/data/test/fixtures/photos with Pillow: JPEG and WebP files, and the pixels that Pillow decodes.

Run with pillow 13.0.0 and numpy 2.x (from PyPI):
    python3 tooling/datasets/build-photos.py
"""
import pathlib
import numpy as np
from PIL import Image, ImageOps, features

out = pathlib.Path(__file__).parents[2] / "packages/data/test/fixtures/photos"
(out / "decoded").mkdir(parents=True, exist_ok=True)

# 40x24 pixels: a sky that darkens, a sun, a hill.
y, x = np.mgrid[0:24, 0:40].astype("f8")
sky = np.stack([120 + 4 * x - 2 * y, 160 + 2 * x - 3 * y, 230 - 3 * y], -1)
sun = (np.hypot(x - 30, y - 6) < 4)[..., None]
hill = (y > 15 + 4 * np.sin(x / 6))[..., None]
scene = np.where(hill, [40, 110, 50], np.where(sun, [250, 220, 90], sky))
photo = Image.fromarray(np.clip(scene, 0, 255).astype("u1"))
alpha = Image.fromarray(np.where(x + y < 30, 255, 60).astype("u1"))
turned = Image.Exif()
turned[0x0112] = 6
mirrored = Image.Exif()
mirrored[0x0112] = 5

photo.save(out / "color.jpg", quality=90)
photo.save(out / "full-chroma.jpg", quality=90, subsampling=0, progressive=True)
photo.convert("L").save(out / "grey.jpg", quality=90)
photo.save(out / "turned.jpg", quality=90, exif=turned)
photo.save(out / "turned-and-mirrored.jpg", quality=90, exif=mirrored)
photo.save(out / "lossy.webp", quality=80)
photo.save(out / "lossless.webp", lossless=True)
photo.save(out / "turned.webp", quality=80, exif=turned)
transparent = photo.copy()
transparent.putalpha(alpha)
transparent.save(out / "transparent.webp", lossless=True, exact=True)

for path in sorted(out.glob("*.*")):
    picture = ImageOps.exif_transpose(Image.open(path))
    if "A" in picture.getbands():
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("L" if picture.mode == "L" else "RGB")
    picture.save(out / "decoded" / f"{path.name}.png", optimize=True)
print("libjpeg-turbo", features.version("libjpeg_turbo"), "libwebp", features.version("webp"))

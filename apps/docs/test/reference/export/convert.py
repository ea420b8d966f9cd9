from pathlib import Path

from PIL import Image

Path("pictures").mkdir(exist_ok=True)
for path in Path("jpg").glob("*.jpg"):
    picture = Image.open(path).convert("RGB").resize((64, 64))
    picture.save(Path("pictures") / f"{path.stem}.png")

"""Writes the tokenizers of packages/pipeline/test/reference/tokenizers, and transformers' ids.

    python3.11 -m venv V
    V/bin/pip install transformers==4.57.6 tokenizers==0.22.2 sentencepiece==0.2.3 protobuf==7.36.2
    V/bin/python tooling/reference/tokenizer-ids.py

The vocabularies are small and trained here, on LICENSE and on the cases: a byte-level BPE in the
configuration of CLIP, and a Unigram model in the configuration of T5 with sentencepiece's own
nmt_nfkc charsmap. The cases come from pieces.json and a generator that
packages/pipeline/test/tokenizer-cases.ts has in JavaScript. ids.json has, for each tokenizer, the
ids of the first 300 cases and a SHA-256 of the padded ids of each 100 of the 10,000 cases. The
folder clip-2 shares vocab.json and merges.txt with clip.

ftfy must not be installed: with it CLIPTokenizer cleans prompts in another way.
"""

import gzip
import hashlib
import importlib.util
import json
import pathlib
import shutil
import struct
import tempfile

import sentencepiece
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers, Regex
from transformers import CLIPTokenizer, CLIPTokenizerFast, T5TokenizerFast
from transformers.models.clip.tokenization_clip import bytes_to_unicode

assert importlib.util.find_spec("ftfy") is None
ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "packages/pipeline/test/reference/tokenizers"
COUNT, SHOWN, BLOCK = 10_000, 300, 100
START, END = "<|startoftext|>", "<|endoftext|>"
PIECES = json.loads((OUT / "pieces.json").read_text("utf-8"))
KINDS = ["words"] * 6 + ["punctuation"] * 2 + ["emoji", "spaces", "special"] + ["ranges"] * 3


def generator(seed):
    """mulberry32: integers below n."""
    def below(n):
        nonlocal seed
        seed = (seed + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((seed ^ (seed >> 15)) * (seed | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        return ((t ^ (t >> 14)) & 0xFFFFFFFF) % n
    return below


def cases():
    below = generator(15)
    for i in range(COUNT):
        length = 400 if i % 200 == 199 else below(30)
        text = ""
        for _ in range(length):
            kind = KINDS[below(len(KINDS))]
            pool = PIECES[kind]
            piece = pool[below(len(pool))]
            if kind == "ranges":
                low, high = piece
                piece = "".join(chr(low + below(high - low + 1)) for _ in range(1 + below(4)))
            text += piece + PIECES["joins"][below(len(PIECES["joins"]))]
        yield text


CASES = list(cases())
CORPUS = [(ROOT / "LICENSE").read_text("utf-8")] * 3 + CASES


def clip_files():
    """The committed vocabulary, or a new one: the trainer's ties are not the same in each run."""
    folder = pathlib.Path(tempfile.mkdtemp())
    if (OUT / "clip" / "vocab.json").exists():
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(OUT / "clip" / name, folder / name)
    else:
        train_clip(folder)
    return folder


def train_clip(folder):
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), behavior="removed", invert=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False),
    ])
    trainer = trainers.BpeTrainer(vocab_size=1512, end_of_word_suffix="</w>", show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(CORPUS, trainer)
    merges = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    letters = list(bytes_to_unicode().values())
    tokens = letters + [letter + "</w>" for letter in letters] + ["".join(pair) for pair in merges] + [START, END]
    vocab = {}
    for token in tokens:
        vocab.setdefault(token, len(vocab))
    (folder / "vocab.json").write_text(json.dumps(vocab, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n" + "".join(" ".join(pair) + "\n" for pair in merges), "utf-8")


def train_t5():
    folder = pathlib.Path(tempfile.mkdtemp())
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line for text in CORPUS for line in text.replace("\0", "").split("\n")]),
        model_prefix=str(folder / "spiece"), vocab_size=1500, character_coverage=0.98, model_type="unigram",
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="nmt_nfkc", num_threads=1,
        max_sentence_length=100_000, minloglevel=2)
    return folder / "spiece.model"


def ids_of(tokenizer, length):
    padded = [tokenizer(text, padding="max_length", max_length=length, truncation=True).input_ids for text in CASES]
    plain = [tokenizer(text, max_length=length, truncation=True).input_ids for text in CASES[:SHOWN]]
    digests = []
    for first in range(0, COUNT, BLOCK):
        block = [number for ids in padded[first:first + BLOCK] for number in ids]
        digests.append(hashlib.sha256(struct.pack(f"<{len(block)}i", *block)).hexdigest()[:16])
    return {"length": length, "ids": plain, "digests": digests}


def save(tokenizer, name):
    shutil.rmtree(OUT / name, ignore_errors=True)
    tokenizer.save_pretrained(OUT / name)
    for path in (OUT / name).iterdir():
        if path.name == "spiece.model" or (path.name in ("vocab.json", "merges.txt") and name != "clip"):
            path.unlink()
        elif path.name == "tokenizer.json":
            (OUT / name / "tokenizer.json.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            path.unlink()


if __name__ == "__main__":
    clip = clip_files()
    files = {"vocab_file": str(clip / "vocab.json"), "merges_file": str(clip / "merges.txt")}
    tokenizers = {
        "clip": CLIPTokenizer(**files, model_max_length=77),
        "clip-2": CLIPTokenizer(**files, pad_token="!", model_max_length=77),
        "clip-fast": CLIPTokenizerFast(**files, model_max_length=77),
        "clip-2-fast": CLIPTokenizerFast(**files, pad_token="!", model_max_length=77),
        "t5": T5TokenizerFast(vocab_file=str(train_t5()), extra_ids=100, add_prefix_space=True, model_max_length=512),
    }
    result = {}
    for name, tokenizer in tokenizers.items():
        save(tokenizer, name)
        result[name] = ids_of(tokenizer, 64 if name == "t5" else 77)
    text = json.dumps({"cases": CASES[:3], "tokenizers": result}, separators=(",", ":"))
    (OUT / "ids.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))

"""What tests share: a tiny random base model, a three-label codebook of its own, a small invented corpus."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from pipeline.inputs import file_digest

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
needs_real = pytest.mark.skipif(not (SHARED / "real").is_dir(), reason="the real transcripts are not beside this clone")

CODEBOOK = {
    "version": "test-1",
    "question": "Does the speaker want the bridge?",
    "unit": "A sentence.",
    "voice": "Whoever speaks.",
    "labels": [
        {"name": "pro", "definition": "Wants the bridge.", "keywords": [r"\bbuild\b"]},
        {"name": "contra", "definition": "Rejects the bridge.", "keywords": [r"\bstop\b"]},
        {"name": "other", "definition": "Neither.", "no_stance": True},
    ],
    "rulings": [{"number": 1, "text": "Both at once is contra.", "labels": ["contra"]}],
    "examples": [
        {"statement": "Build it.", "label": "pro", "why": "wants it"},
        {"statement": "Stop it.", "label": "contra", "why": "rejects it"},
        {"statement": "It rains.", "label": "other", "why": "weather"},
    ],
}
SENTENCES = {
    "pro": ["We want to build the bridge over the {} river.", "The {} council should build it without delay."],
    "contra": ["The {} town asks to stop the works at once.", "Nobody near {} needs it, so stop this plan."],
    "other": ["The {} market opens on Monday at nine.", "I thank the clerk of {} for the minutes."],
}
PLACES = "Alder Birch Cedar Dorn Elm Fir Gorse Holly Ivy Juniper Larch Maple".split()


def write_tiny_base(folder: Path) -> Path:
    """Write a random two-layer BERT as an importable package, with a registry that pins it; give the registry."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    words = {w.strip(".,").lower() for group in SENTENCES.values() for s in group for w in s.split()}
    words |= {place.lower() for place in PLACES} | {".", ","}
    vocabulary = {t: i for i, t in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *sorted(words - {"{}"})])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    model = folder / "tinybase" / "model"
    model.mkdir(parents=True)
    (folder / "tinybase" / "__init__.py").write_text("")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(model)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    BertModel(config).save_pretrained(model)
    entry = {"package": "tinybase", "folder": "model", "hub": "nobody/tiny", "revision": "0" * 40, "pooling": "mean"}
    registry = folder / "bases.yaml"
    registry.write_text(yaml.safe_dump({"tiny": {**entry, "sha256": file_digest(model / "model.safetensors")}}))
    return registry


def write_corpus(folder: Path) -> None:
    """Write twelve speeches of six statements as plain text, and two annotators' decisions on them."""
    raw, annotations = folder / "raw", folder / "annotations"
    raw.mkdir()
    annotations.mkdir()
    truth = {}
    for number, place in enumerate(PLACES):
        sentences = [(label, s.format(place)) for label, group in SENTENCES.items() for s in group]
        shift = number % len(sentences)
        sentences = sentences[shift:] + sentences[:shift]
        (raw / f"speech{number:02}.txt").write_text(" ".join(s for _, s in sentences) + "\n")
        truth.update({s: label for label, s in sentences})
    (folder / "truth.json").write_text(json.dumps(truth))


class Workspace:
    """A folder with everything a run needs, and the command line on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.registry = write_tiny_base(folder)
        write_corpus(folder)
        (folder / "codebook.yaml").write_text(yaml.safe_dump(CODEBOOK, sort_keys=False))
        params = yaml.safe_load((ROOT / "configs/params.yaml").read_text())
        params["train"] |= {"base_model": "tiny", "epochs": 2, "max_tokens": 48}
        params["split"] |= {"near_duplicate": 0.9, "heldout": 0.25, "validation": 0.25}
        params["evaluate"] |= {"resamples": 50}
        params["runtime"]["threads"] = 1
        (folder / "params.yaml").write_text(yaml.safe_dump(params))

    def stance(self, *arguments: object, code: int = 0, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run `stance` in the folder (or `at` another), and hold its exit code against `code`."""
        environment = os.environ | {"PYTHONPATH": f"{self.folder}:{ROOT}", "HF_HUB_OFFLINE": "1", "COLUMNS": "160"}
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", *map(str, arguments)],
            cwd=at or self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture
def tiny_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The registry of the tiny base model, importable in this process."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return write_tiny_base(tmp_path)


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace that tests share; those that change it put it back."""
    yield Workspace(tmp_path_factory.mktemp("workspace"))

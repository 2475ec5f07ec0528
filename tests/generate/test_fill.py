"""Filling in what is masked."""

import json
from pathlib import Path

import pytest
import torch
from explain_shapes import build
from tfcli_tokenizer import load_tokenizer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from tfcli.checkpoint.write import write_checkpoint
from tfcli.errors import UsageError
from tfcli.generate.fill import fill_masks, filled_text
from tfcli.main import run

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "##s", ".", "paris"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT with a WordPiece tokenizer."""
    path = tmp_path_factory.mktemp("bert") / "model"
    model = build("bert")
    write_checkpoint(path, model, None, {})
    (path / "tfcli.json").unlink()
    words = WORDS + [f"w{i}" for i in range(len(WORDS), 61)]
    engine = Tokenizer(models.WordPiece({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    engine.normalizer = normalizers.BertNormalizer()
    engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    engine.decoder = decoders.WordPiece()
    engine.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    engine.add_special_tokens(WORDS[:5])
    engine.save(str(path / "tokenizer.json"))
    roles = {"mask_token": "[MASK]", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (path / "tokenizer_config.json").write_text(json.dumps(roles))
    return path


def test_the_candidates_are_those_of_the_models_logits(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    model = build("bert")
    ids = tokenizer.encode("The [MASK] sat [MASK].", add_special_tokens=True)
    gaps = fill_masks(model, tokenizer, ids, 4)
    assert [gap.position for gap in gaps] == [i for i, t in enumerate(ids) if t == 4]
    with torch.inference_mode():
        logits = model(torch.tensor([ids]))[0]
    for gap in gaps:
        p = logits[gap.position].softmax(-1)
        assert [c.id for c in gap.candidates] == p.topk(4).indices.tolist()
        assert [c.probability for c in gap.candidates] == pytest.approx(p.topk(4).values.tolist())


def test_a_piece_inside_a_word_joins_it(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    ids = tokenizer.encode("the cat [MASK] sat", add_special_tokens=True)
    gap = fill_masks(build("bert"), tokenizer, ids, 61)[0]
    rank = next(i for i, c in enumerate(gap.candidates) if c.id == WORDS.index("##s"))
    assert filled_text(tokenizer, "the cat [MASK] sat", [gap], rank) == "the cats sat"
    rank = next(i for i, c in enumerate(gap.candidates) if c.id == WORDS.index("paris"))
    assert filled_text(tokenizer, "The  Cat [MASK]!", [gap], rank) == "The  Cat paris!"


def test_a_text_without_a_mask_is_told_how_to_have_one(folder: Path) -> None:
    tokenizer = load_tokenizer(folder)
    with pytest.raises(UsageError, match="fills in what is masked") as error:
        fill_masks(build("bert"), tokenizer, tokenizer.encode("the cat"), 3)
    assert "[MASK]" in (error.value.hint or "")
    with pytest.raises(UsageError, match="no head"):
        fill_masks(build("vectors"), tokenizer, [4], 3)


def test_the_command_fills_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["generate", "The [MASK] sat.", "--model", str(folder), "--num", "3"]
    assert run(arguments) == 0
    shown = capsys.readouterr()
    texts = shown.out.splitlines()
    assert len(texts) == 3
    assert all(text.startswith("The ") and text.endswith(" sat.") for text in texts)
    assert "at 2: " in shown.err
    assert run([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "tfcli.fill/1"
    assert document["texts"] == texts
    assert run(["generate", "The cat", "--model", str(folder)]) == 2
    assert "[MASK]" in capsys.readouterr().err


def test_the_screen_follows_the_mask(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "The [MASK] sat.", "--model", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["focus"]["position"] == 2
    assert document["next"]["position"] == 2
    assert document["model"]["kind"] == "encoder"
    assert document["audit"]["passed"]

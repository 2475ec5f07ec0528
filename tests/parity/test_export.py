"""What we write is what transformers reads: nothing missing, nothing left over, the same logits."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from parity.checkpoints import VARIANTS, config_of
from parity.ours import LOGITS, compute, difference, ours, same_tensors
from parity.reference import greedy, inputs, logits, outputs

from tfcli.api import load_model

_CLASSES: dict[str, Any] = {
    "decoder": transformers.AutoModelForCausalLM,
    "encoder": transformers.AutoModelForMaskedLM,
    "encoder-decoder": transformers.AutoModelForSeq2SeqLM,
}


@pytest.fixture
def exported(name: str, tmp_path: Path) -> Path:
    ours(name).save(tmp_path / "ours")
    return tmp_path / "ours"


@pytest.mark.parametrize("name", VARIANTS)
def test_what_we_write_loads_there(name: str, exported: Path) -> None:
    variant = VARIANTS[name]
    if config_of(exported)["model_type"] == "chatglm":
        pytest.skip("transformers does not run ChatGLM's form")
    auto = transformers.AutoModel if variant.headless else _CLASSES[variant.kind]
    model, notes = auto.from_pretrained(
        exported,
        output_loading_info=True,
        attn_implementation="eager",
        experts_implementation="eager",
    )
    if variant.headless:  # it has a pooler that no hidden state passes
        notes["missing_keys"] = {k for k in notes["missing_keys"] if not k.startswith("pooler.")}
    assert not any(notes.values()), notes
    found = logits(model, variant, inputs(variant))
    assert difference(found, outputs(name).logits) < LOGITS


@pytest.mark.parametrize("name", VARIANTS)
def test_what_we_write_loads_here(name: str, exported: Path) -> None:
    """The same configuration and the same numbers, bit for bit."""
    again = load_model(exported, device="cpu")
    assert same_tensors(again, ours(name))
    variant = VARIANTS[name]
    found = compute(again, inputs(variant))
    assert torch.equal(found, compute(ours(name), inputs(variant)))


@pytest.mark.parametrize("name", [n for n, v in VARIANTS.items() if v.kind == "encoder-decoder"])
def test_a_translator_still_knows_where_to_begin(name: str, exported: Path) -> None:
    """transformers generates from what we wrote, without being told the first token."""
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(exported)
    given, expected = inputs(VARIANTS[name]), greedy(name)
    new = expected.ids.shape[1] - 1
    found = model.generate(
        given.ids, max_new_tokens=new, do_sample=False, num_beams=1, eos_token_id=None
    )
    assert torch.equal(found, expected.ids)

"""What a model of the embedded corpus knows: facts in unseen wordings, and analogies.

`tfcli train --minutes 3 && python benchmarks/held_out.py` prints, for every prompt of the fixed
list, the rank of the right word and what the model goes on with; then the share of analogies
b - a + c ≈ d whose right word is nearest when a, b and c are left out.
"""

import sys
from collections import Counter

import torch

import tfcli
from tfcli.data.world import ANALOGIES, HELD_OUT_PROMPTS


def held_out(model: tfcli.LanguageModel) -> None:
    """Print the prompts, and how many of each language's begin with the right word at rank 1."""
    tokenizer = model.tokenizer
    assert tokenizer is not None
    right: Counter[str] = Counter()
    for held in HELD_OUT_PROMPTS:
        ids = tokenizer.encode(held.prompt)
        logits = model(ids)[0, -1]
        answer = tokenizer.encode(held.answer)
        rank = int((logits > logits[answer[0]]).sum()) + 1
        out = model.generate(ids, max_new_tokens=len(answer) + 2, temperature=0)
        text = tokenizer.decode(out[len(ids) :])
        is_right = text.startswith(held.answer)
        right[held.language] += is_right
        print(f"{rank:5d}  {held.prompt} → {text!r}" + ("" if is_right else "  wrong"))
    print(*(f"{language}: {count} right" for language, count in right.items()), sep=", ")


def analogies(model: tfcli.LanguageModel) -> None:
    """Print how many analogies the embedding table solves, of those with words of one token."""
    assert model.tokenizer is not None
    table = torch.nn.functional.normalize(model.model.embedding.weight.float(), dim=-1)
    solved = asked = 0
    for words in ANALOGIES:
        tokens = [model.tokenizer.encode(" " + w if w.isascii() else w) for w in words]
        if any(len(t) != 1 for t in tokens):
            continue
        a, b, c, d = (t[0] for t in tokens)
        closeness = table @ (table[b] - table[a] + table[c])
        closeness[[a, b, c]] = -torch.inf
        asked += 1
        solved += int(closeness.argmax()) == d
    print(f"analogies: {solved} of {asked} right ({len(ANALOGIES) - asked} left out)")


def main() -> None:
    """Measure the model given, or the newest run."""
    model = tfcli.load_model(sys.argv[1] if len(sys.argv) > 1 else None)
    with torch.inference_mode():
        held_out(model)
        analogies(model)


if __name__ == "__main__":
    main()

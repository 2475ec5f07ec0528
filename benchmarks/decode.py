"""Tokens a second of tfcli and of transformers on the same random weights, side by side.

`python benchmarks/decode.py` writes a Qwen3-shaped model of 8 layers, 512 wide (117 MB of float32),
lets both continue 64 tokens by 128, greedily, in turns, checks that the tokens are the same, and
prints the ratio and what part of the machine's read bandwidth each uses: a token has to read every
weight once.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

import tfcli
from tfcli.checkpoint.write import write_checkpoint
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

SHAPE = ModelConfig(
    vocab_size=8000,
    hidden_size=512,
    num_layers=8,
    num_heads=8,
    num_kv_heads=4,
    head_dim=64,
    intermediate_size=1536,
    max_position_embeddings=1024,
    qk_norm="head",
)
PROMPT = 64


def timed(run: Callable[[], torch.Tensor]) -> tuple[float, torch.Tensor]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def read_bandwidth() -> float:
    """Bytes a second that all cores read together, the best of several sums over 512 MB."""
    block = torch.ones(2**27)
    return 4 * block.numel() / min(timed(block.sum)[0] for _ in range(5))


def main() -> None:
    """Print one line a pair, and the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--tokens", type=int, default=128)
    options = parser.parse_args()
    torch.manual_seed(0)
    model = Transformer(SHAPE)
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(Path(folder) / "model", model, None, {})
        ours = tfcli.load_model(Path(folder) / "model", device="cpu")
        theirs: Any = transformers.AutoModelForCausalLM.from_pretrained(Path(folder) / "model")
    ids = torch.randint(0, SHAPE.vocab_size, (1, PROMPT))
    greedy = {"do_sample": False, "eos_token_id": None, "pad_token_id": 0}

    def run_ours() -> torch.Tensor:
        return ours.generate(ids, max_new_tokens=options.tokens, eos_ids=())

    def run_theirs() -> torch.Tensor:
        with torch.inference_mode():
            return theirs.generate(ids, max_new_tokens=options.tokens, **greedy)

    run_ours(), run_theirs()
    floor = read_bandwidth() / (4 * model.num_parameters())
    pairs = []
    for _ in range(options.pairs):
        (a, found), (b, expected) = timed(run_ours), timed(run_theirs)
        assert torch.equal(found, expected)
        pairs.append((options.tokens / a, options.tokens / b, b / a))
        print("tfcli {:.1f}, transformers {:.1f} tokens/s, ratio {:.2f}".format(*pairs[-1]))
    mine, peer, ratio = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"median ratio {ratio:.2f}; of the bandwidth: {mine / floor:.2f} and {peer / floor:.2f}")


if __name__ == "__main__":
    main()

"""What a trace and an explanation cost beside the plain forward pass, in time and in memory.

`python benchmarks/trace_cost.py` builds a random GPT-2 of 124 million parameters and measures, on
512 tokens, `model(ids)` against `model.trace(ids)` and against all sections of `tfcli explain`.
The forward pass gives the logits of every position; a trace computes them when they are read,
which the third line does. Times are medians of the ratios of neighbouring runs, which alternate.
Memory is the peak of a fresh process during one run, weights included (Linux only: the system's
own figure, set back once the model is built).

`--tokens`, `--layers`, `--heads`, `--width` and `--vocabulary` measure another shape.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

REPEATS = 7
KINDS = ("forward", "trace", "logits", "explain")


def build(arguments: argparse.Namespace) -> Transformer:
    """A random model in GPT-2's shape."""
    torch.manual_seed(0)
    config = ModelConfig(
        vocab_size=arguments.vocabulary,
        hidden_size=arguments.width,
        num_layers=arguments.layers,
        num_heads=arguments.heads,
        num_kv_heads=arguments.heads,
        head_dim=arguments.width // arguments.heads,
        intermediate_size=4 * arguments.width,
        max_position_embeddings=max(1024, arguments.tokens),
        norm="layer",
        position="learned",
        qkv_bias=True,
        output_bias=True,
        activation="gelu_tanh",
        gated=False,
        feed_forward_bias=True,
    )
    model = Transformer(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.02)
    return model


def runs(arguments: argparse.Namespace) -> dict[str, Callable[[], Any]]:
    """What is measured, by name."""
    model = build(arguments)
    ids = torch.randint(0, arguments.vocabulary, (1, arguments.tokens))
    return {
        "forward": lambda: model(ids),
        "trace": lambda: model.trace(ids),
        "logits": lambda: (trace := model.trace(ids), trace.logits),
        "explain": lambda: explain(model, ids[0].tolist(), Request()),
    }


@torch.inference_mode()
def seconds(found: dict[str, Callable[[], Any]]) -> dict[str, list[float]]:
    """Times of alternating runs, by name."""
    times: dict[str, list[float]] = {name: [] for name in found}
    for turn in range(REPEATS + 1):
        for name, run in found.items():
            start = time.perf_counter()
            run()
            if turn:  # the first one warms up
                times[name].append(time.perf_counter() - start)
    return times


@torch.inference_mode()
def peak(arguments: argparse.Namespace) -> int:
    """The peak memory of this process during one run of one kind, in bytes."""
    found = runs(arguments)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    kept = found[arguments.only]()
    status = Path("/proc/self/status").read_text()
    del kept
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def peaks() -> dict[str, int]:
    """Peak memory by kind, of a fresh process each."""
    words = [sys.executable, __file__, *sys.argv[1:]]
    return {
        kind: int(subprocess.run([*words, "--only", kind], capture_output=True, check=True).stdout)
        for kind in KINDS
    }


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("tokens", 512),
        ("layers", 12),
        ("heads", 12),
        ("width", 768),
        ("vocabulary", 50257),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", choices=KINDS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(peak(arguments))
        return
    found = runs(arguments)
    times = seconds(found)
    memory = peaks()
    print(json.dumps(vars(arguments)), "threads", torch.get_num_threads())
    print("          time, s   ratio (least – most)      peak, MB   ratio")
    for kind in KINDS:
        ratios = [a / b for a, b in zip(times[kind], times["forward"], strict=True)]
        print(
            f"{kind:8}  {statistics.median(times[kind]):7.2f}  {statistics.median(ratios):6.2f} "
            f"({min(ratios):.2f} – {max(ratios):.2f})  {memory[kind] / 1e6:12,.0f}  "
            f"{memory[kind] / memory['forward']:6.2f}"
        )


if __name__ == "__main__":
    main()

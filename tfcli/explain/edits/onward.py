"""A run that is run on from one of its blocks with changes in it, many at a time.

What stands before a changed block stays as it was: only that block and those behind it are
computed again, for as many changes at once as there are rows in a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from tfcli.explain.edits.edit import Edit, ablated, edited
from tfcli.explain.precision import blocks, working_dtype
from tfcli.explain.result import Kind
from tfcli.explain.run import Run
from tfcli.model.block import Surroundings
from tfcli.model.stack import Memory, Stack
from tfcli.model.trace import StackTrace

_TOKENS_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Onward:
    """A run, and what its blocks know besides the residual stream.

    Attributes:
        decoder, encoder: of each block of the model's stack, and of the encoder beside it.
    """

    run: Run
    decoder: tuple[Surroundings, ...]
    encoder: tuple[Surroundings, ...]

    @classmethod
    def of(cls, run: Run) -> "Onward":
        """Run the model once more and look what its blocks are given."""
        own: list[Surroundings] = []
        inner: list[Surroundings] = []
        encoder = run.model.encoder
        handles = [
            block.register_forward_pre_hook(_noting(into))
            for stack, into in ((run.model, own), (encoder, inner))
            if stack is not None
            for block in blocks(stack)
        ]
        try:
            run.again()
        finally:
            for handle in handles:
                handle.remove()
        return cls(run, tuple(own), tuple(inner))

    def logits(self, kind: Kind, layer: int, edits: Sequence[Edit]) -> Tensor:
        """The logits at the run's position, once for each edit by itself [n, V].

        Args:
            kind: of the attention in whose block all edits are.
            layer: the block's number.
        """
        run, encoder = self.run, self.run.trace.encoder
        longest = max(run.trace.ids.shape[1], 0 if encoder is None else encoder.ids.shape[1])
        at_once = max(_TOKENS_AT_ONCE // longest, 1)
        parts = [edits[i : i + at_once] for i in range(0, len(edits), at_once)]
        return torch.cat([self._batch(kind, layer, part) for part in parts])

    def _batch(self, kind: Kind, layer: int, edits: Sequence[Edit]) -> Tensor:
        model, trace = self.run.model, self.run.trace
        rows = len(edits)
        own = [ablated(place) for place in self.run.ablated]
        with edited(model, [*own, *(replace(e, row=row) for row, e in enumerate(edits))]):
            if kind == "encoder":
                assert model.encoder is not None and trace.encoder is not None
                read = self._from(model.encoder, trace.encoder, self.encoder, layer, rows)
                ids = trace.ids.expand(rows, -1)
                hidden = model.hidden(ids, memory=Memory(read))[:, self.run.position]
            else:
                whole = self._from(model, trace, self.decoder, layer, rows)
                hidden = whole[:, self.run.position]
            logits = model.logits(hidden)  # [n, V]
        return logits.to(working_dtype(logits.dtype))

    @staticmethod
    def _from(
        stack: Stack, trace: StackTrace, around: Sequence[Surroundings], layer: int, rows: int
    ) -> Tensor:
        """The stack's output from a block on, for so many equal rows [n, T, D]."""
        x = trace.layers[layer].residual_in.expand(rows, -1, -1)
        for block, known in zip(blocks(stack)[layer:], around[layer:], strict=True):
            memory = None if known.memory is None else known.memory.expand(rows, -1, -1)
            x, _ = block(x, replace(known, memory=memory))
        return x if stack.final_norm is None else stack.final_norm(x)


def _noting(into: list[Surroundings]) -> Any:
    def hook(_: Any, args: tuple[Any, ...]) -> None:
        into.append(args[1])

    return hook

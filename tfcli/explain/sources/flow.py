"""Attention flow: how much can run from a token's vector at the top to each token at the bottom.

Abnar & Zuidema 2020, “Quantifying Attention Flow in Transformers”: a graph with a node for every
token in every layer, and pipes of width ½A + ½I between them. The maximum flow is that of Dinic
1970, with capacities in whole parts of 2⁻⁴⁸, so that no rounding keeps it from ending.
"""

from collections import deque
from collections.abc import Sequence

import torch
from torch import Tensor

from tfcli.explain.precision import blocks
from tfcli.explain.sources.measures import rollout_rows
from tfcli.explain.sources.mixture import Mixture
from tfcli.explain.sources.rows import Rows
from tfcli.model.block import Block
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace, Trace
from tfcli.model.transformer import Transformer

_UNIT = 2**48


def attention_flow(stack: Stack, trace: StackTrace, position: int) -> Tensor:
    """The maximum flow from the position behind the last layer to each token at the bottom [n].

    Each is a flow by itself, at most 1: together they are more than one.
    """
    count = position + 1 if stack.config.causal else trace.ids.shape[1]
    network = _Network((len(trace.layers) + 1) * count)
    _lay_stack(network, stack, trace, count, 0)
    return _flows(network, len(trace.layers) * count + position, range(count))


def flow_across(model: Transformer, trace: Trace, position: int) -> Tensor:
    """The same of a decoder's vector beside an encoder: [m + n], the encoder's tokens first.

    Every attention to the encoder is a layer of its own: half of it stays with the token.
    """
    assert model.encoder is not None and trace.encoder is not None
    read, written = trace.encoder.ids.shape[1], position + 1
    top = len(trace.encoder.layers) * read  # the encoder's vectors that the decoder sees
    first = top + read
    network = _Network(first + (2 * len(trace.layers) + 1) * written)
    _lay_stack(network, model.encoder, trace.encoder, read, 0)
    below = first
    for block, layer in zip(blocks(model), trace.layers, strict=True):
        own = range(below, below + written)
        _lay(network, block, Mixture.of(block, layer, written), below + written, own)
        across = Mixture.across(block, layer, written)
        assert across is not None
        below += 2 * written
        columns = [*range(top, first), *range(below - written, below)]
        _lay(network, block, across, below, columns)
    return _flows(network, below + position, [*range(read), *range(first, first + written)])


def _lay_stack(
    network: "_Network", stack: Stack, trace: StackTrace, count: int, first: int
) -> None:
    """Lay the pipes of all layers; `first` is the first token's node at the bottom."""
    for block, layer in zip(blocks(stack), trace.layers, strict=True):
        own = range(first, first + count)
        first += count
        _lay(network, block, Mixture.of(block, layer, count), first, own)


def _lay(
    network: "_Network", block: Block, mixture: Mixture, first: int, columns: Sequence[int]
) -> None:
    """Lay the pipes of an attention module.

    Args:
        first: the first token's node behind it.
        columns: the node of each column of the mixture.
    """
    mixed = rollout_rows(block, Rows.of(mixture, list(range(mixture.tokens)), None))
    for row, widths in enumerate(mixed.tolist()):
        for node, width in zip(columns, widths, strict=True):
            network.connect(first + row, node, round(width * _UNIT))


def _flows(network: "_Network", start: int, ends: Sequence[int]) -> Tensor:
    flows = [network.maximum(start, end) / _UNIT for end in ends]
    return torch.tensor(flows, dtype=torch.float64)


class _Network:
    """Nodes and pipes. Pipe 2i leads on and 2i + 1 back, with what may still flow through each."""

    def __init__(self, nodes: int) -> None:
        self.pipes: list[list[int]] = [[] for _ in range(nodes)]
        self.ends: list[int] = []
        self.widths: list[int] = []

    def connect(self, start: int, end: int, width: int) -> None:
        """Lay a pipe; one of no width is none."""
        if not width:
            return
        for at, to, room in ((start, end, width), (end, start, 0)):
            self.pipes[at].append(len(self.ends))
            self.ends.append(to)
            self.widths.append(room)

    def maximum(self, start: int, end: int) -> int:
        """The largest flow between two nodes."""
        room = list(self.widths)
        total = 0
        while True:
            steps = self._steps(start, end, room)
            if steps[start] < 0:
                return total
            total += self._blocking(start, end, room, steps)

    def _steps(self, start: int, end: int, room: list[int]) -> list[int]:
        """How many open pipes each node is away from the end; -1 where there is no way."""
        ends = self.ends
        steps = [-1] * len(self.pipes)
        steps[end] = 0
        waiting = deque((end,))
        while waiting:
            node = waiting.popleft()
            if node == start:
                break
            for pipe in self.pipes[node]:
                other = ends[pipe]
                if steps[other] < 0 and room[pipe ^ 1]:
                    steps[other] = steps[node] + 1
                    waiting.append(other)
        return steps

    def _blocking(self, start: int, end: int, room: list[int], steps: list[int]) -> int:
        """Fill shortest ways until each has a full pipe; how much flows through them."""
        pipes, ends = self.pipes, self.ends
        tried = [0] * len(pipes)  # pipes of a node that lead nowhere any more
        total = 0
        way: list[int] = []
        node = start
        while True:
            if node == end:
                least = min(room[pipe] for pipe in way)
                total += least
                for pipe in way:
                    room[pipe] -= least
                    room[pipe ^ 1] += least
                full = next(at for at, pipe in enumerate(way) if not room[pipe])
                node = ends[way[full] ^ 1]
                del way[full:]
                continue
            mine = pipes[node]
            while tried[node] < len(mine):
                pipe = mine[tried[node]]
                if room[pipe] and steps[ends[pipe]] == steps[node] - 1 >= 0:
                    break
                tried[node] += 1
            if tried[node] < len(mine):
                pipe = mine[tried[node]]
                way.append(pipe)
                node = ends[pipe]
            elif node == start:
                return total
            else:
                node = ends[way.pop() ^ 1]
                tried[node] += 1

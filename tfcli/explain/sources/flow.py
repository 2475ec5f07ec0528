"""Attention flow: how much can run from a token's vector at the top to each token at the bottom.

Abnar & Zuidema 2020, “Quantifying Attention Flow in Transformers”: a graph with a node for every
token in every layer, and pipes of width ½A + ½I between them. The maximum flow is that of Dinic
1970, with capacities in whole parts of 2⁻⁴⁸, so that no rounding keeps it from ending.
"""

from collections import deque

import torch
from torch import Tensor

from tfcli.explain.precision import blocks
from tfcli.explain.sources.measures import rollout_rows
from tfcli.explain.sources.mixture import Mixture
from tfcli.explain.sources.rows import Rows
from tfcli.model.stack import Stack
from tfcli.model.trace import StackTrace

_UNIT = 2**48
LARGEST_FLOW = 500_000  # pipes times tokens: some seconds


def flow_work(layers: int, tokens: int, causal: bool) -> int:
    """How many pipes there are, times the tokens that a flow is sought to."""
    pipes = tokens * (tokens + 1) // 2 if causal else tokens * tokens
    return layers * pipes * tokens


def attention_flow(stack: Stack, trace: StackTrace, position: int) -> Tensor:
    """The maximum flow from the position behind the last layer to each token at the bottom [n].

    Each is a flow by itself, at most 1: together they are more than one.
    """
    count = position + 1 if stack.config.causal else trace.ids.shape[1]
    network = _Network(len(trace.layers) + 1, count)
    for i, (block, layer) in enumerate(zip(blocks(stack), trace.layers, strict=True)):
        mixture = Mixture.of(block, layer, count)
        mixed = rollout_rows(block, Rows.of(mixture, list(range(count)), None))
        for row, widths in enumerate(mixed.tolist()):
            for key, width in enumerate(widths):
                network.connect((i + 1) * count + row, i * count + key, round(width * _UNIT))
    start = len(trace.layers) * count + position
    flows = [network.maximum(start, token) / _UNIT for token in range(count)]
    return torch.tensor(flows, dtype=torch.float64)


class _Network:
    """Nodes and pipes. Pipe 2i leads on and 2i + 1 back, with what may still flow through each."""

    def __init__(self, layers: int, tokens: int) -> None:
        self.pipes: list[list[int]] = [[] for _ in range(layers * tokens)]
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

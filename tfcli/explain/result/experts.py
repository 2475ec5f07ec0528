"""Experts: where the router sent each token, and how busy each expert was."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AskedExpert:
    """An expert that a token was sent to.

    Attributes:
        logit: the router's.
        weight: what the expert's result is multiplied with.
    """

    expert: int
    logit: float
    weight: float


@dataclass(frozen=True)
class RoutedLayer:
    """One layer's router.

    Attributes:
        asked: by the token at the position, the largest weight first; `weight` is their sum.
        shared_weight: what the shared expert's result is multiplied with; None where there is none.
        load: how many tokens of the text were sent to each expert.
        idle: how many experts no token was sent to.
    """

    layer: int
    asked: tuple[AskedExpert, ...]
    weight: float
    shared_weight: float | None
    load: tuple[int, ...]
    idle: int


@dataclass(frozen=True)
class RoutedToken:
    """Where one token was sent."""

    position: int
    label: str
    asked: tuple[AskedExpert, ...]


@dataclass(frozen=True)
class RoutedText:
    """Every token of the text at one layer."""

    layer: int
    tokens: tuple[RoutedToken, ...]


@dataclass(frozen=True)
class Routing:
    """The layers that have experts.

    Attributes:
        count: experts in a layer; each token goes to `chosen` of them.
        shared: there is one more that every token goes to.
        rule: how logits become weights, in words.
        texts: the opened layers that have experts; where none has, the last one that does.
    """

    position: int
    count: int
    chosen: int
    shared: bool
    rule: str
    layers: tuple[RoutedLayer, ...]
    texts: tuple[RoutedText, ...]

"""Neighbours and sums of words made by hand, for screens that depend on no CPU's last digit."""

import dataclasses

from explain_samples import sample

from tfcli.explain.result import Analogy, Expected, Explanation, Neighbor, Neighbors, Term

_NEAR = (
    ("公司", 571, 0.39),
    ("新鲜", 2207, 0.345),
    ("[bold]ze", 3021, 0.34),
    ("\\x1b[31m", 7, 0.3),
)
_NEAR_FINAL = (("，", 5810, 0.41), ("公司", 571, -0.352), ("苹果", 563, 0.281), ("\\n", 14, 0.002))


def words_sample(followed: bool = True) -> Explanation:
    """The token that is followed, or a word by itself, and 国王 - 男人 + 女人."""
    neighbors = Neighbors(
        id=563,
        label="苹果",
        word=None if followed else "苹果",
        position=4 if followed else None,
        norm=2.31,
        rows=8000,
        nearest=_ranked(_NEAR),
        nearest_to_final=_ranked(_NEAR_FINAL) if followed else None,
        own_rank=3 if followed else None,
        own_cosine=0.281 if followed else None,
    )
    return dataclasses.replace(
        sample(),
        sections=("neighbors", "analogy"),
        neighbors=neighbors,
        analogy=_analogy(("国王", 2440), ("男人", 1219), ("女人", 1320), ("王后", 2338)),
    )


def unexpected_sample() -> Explanation:
    """A sum of long words, of which nothing was expected."""
    words = [(f"␣internationalisation{i}", 40_000 + i) for i in range(4)]
    found = _analogy(*words)
    terms = tuple(dataclasses.replace(term, expected_rank=None) for term in found.terms)
    analogy = dataclasses.replace(found, terms=terms, expected=None)
    return dataclasses.replace(sample(), sections=("analogy",), analogy=analogy)


def _analogy(*words: tuple[str, int]) -> Analogy:
    (a, b, c, d) = words
    others = (("女孩", 1884, 0.47), ("␣queen", 2373, 0.43))
    return Analogy(
        terms=(
            Term(1, a[0], a[1], a[0], 1),
            Term(-1, b[0], b[1], b[0], None),
            Term(1, c[0], c[1], c[0], 12),
        ),
        left_out=(b[0], c[0], a[0]),
        norm=1.93,
        rows=8000,
        nearest=_ranked(((*d, 0.57), *others)),
        nearest_of_all=_ranked(((*a, 0.82), (*d, 0.57), (*c, 0.475))),
        expected=Expected(d[0], d[1], d[0], 0.57, 1, 2),
    )


def _ranked(near: tuple[tuple[str, int, float], ...]) -> tuple[Neighbor, ...]:
    return tuple(
        Neighbor(rank, token, label, cosine)
        for rank, (label, token, cosine) in enumerate(near, start=1)
    )

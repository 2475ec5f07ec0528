"""A line that does not fit: what is left of a number at the edge would be another number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from tfcli.view.explain.lines import crop
from tfcli.view.live import LiveLines

NUMBERS = st.one_of(
    st.integers(-(10**7), 10**7).map(lambda n: f"{n:,}"),
    st.floats(-1e9, 1e9).map(lambda x: f"{x:.2f}"),
    st.floats(0, 1).map(lambda p: f"{p:.3f}".removeprefix("0")),
    st.floats(0, 1).map(lambda p: f"{p:.0%}"),
    st.floats(1e7, 1e30).map(lambda x: f"{x:.1e}"),
    st.sampled_from(["<.001", "2.6M", "65.5K", "100%*", "37", "**", "-0.12"]),
)
WORDS = st.sampled_from(["loss", "␣cat", "苹果", "KL(1", "‖ΔE‖", "of", "–"])


@given(st.lists(st.one_of(NUMBERS, WORDS), max_size=12), st.integers(1, 60), st.booleans())
def test_every_number_of_a_cropped_line_is_whole(words: list[str], width: int, ascii: bool) -> None:
    dots = "~" if ascii else "…"
    cropped = crop(Text(" ".join(words)), width, dots)
    assert cropped.cell_len <= width
    for shown in cropped.plain.removesuffix(dots).split():
        if any(character.isdigit() for character in shown) and "(" not in shown:
            assert shown in words


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("rank  0.95  1,204", 9, "rank    …"),
        ("rank  0.95  1,204", 11, "rank      …"),  # whole, but the dots would seem to go on
        ("rank  0.95  1,204", 12, "rank  0.95 …"),
        ("rank  0.95  1,204", 17, "rank  0.95  1,204"),
        ("weights 262K", 12, "weights 262K"),
        ("weights 262K", 11, "weights   …"),
        ("a sentence", 6, "a sen…"),
    ],
)
def test_the_edge_of_a_line(text: str, width: int, shown: str) -> None:
    assert crop(Text(text), width, "…").plain == shown


def test_the_lines_of_a_progress_are_cropped_alike(monkeypatch, capsys) -> None:
    monkeypatch.setenv("COLUMNS", "22")
    LiveLines().draw([Text("loss 1.234 nats  2,105 tokens/s")])
    assert "loss 1.234 nats     …\n" in capsys.readouterr().err

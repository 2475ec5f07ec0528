"""The screen of `tfcli explore`, played key by key at several sizes."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from explain_shapes import IDS, WRITTEN, build
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input, Static
from tfcli_tokenizer import Tokenizer, default_tokenizer_path, load_tokenizer
from tiny import redraw

from tfcli.errors import UsageError
from tfcli.explain.explanation import explain
from tfcli.explain.explorer import FURTHER, TABLE_ROWS, Explorer
from tfcli.explain.request import Request
from tfcli.explain.result import Explanation
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer
from tfcli.view.explain import answer, attention
from tfcli.view.explain.lines import Pen, crop
from tfcli.view.explain.screen import draw_section
from tfcli.view.explore import panes
from tfcli.view.explore.app import ExploreApp
from tfcli.view.explore.arrange import Box, arrange
from tfcli.view.explore.grid import draw_grid

SIZES = ((80, 24), (120, 40), (200, 50))
Script = Callable[[ExploreApp, Pilot[Any]], Awaitable[None]]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer(default_tokenizer_path())


@pytest.fixture(scope="module")
def model(tokenizer: Tokenizer) -> Transformer:
    return sized(tokenizer.vocab_size)


def sized(vocabulary: int, **fields: Any) -> Transformer:
    shape: dict[str, Any] = {
        "vocab_size": vocabulary,
        "hidden_size": 24,
        "num_layers": 3,
        "num_heads": 4,
        "num_kv_heads": 2,
        "head_dim": 6,
        "intermediate_size": 40,
        "max_position_embeddings": 1024,
    }
    made = Transformer(ModelConfig(**shape | fields))
    redraw(made)
    return made.double().eval()


def opened(
    model: Transformer, ids: list[int], tokenizer: Tokenizer | None = None, **options: Any
) -> ExploreApp:
    explorer = Explorer(model, tokenizer=tokenizer, name="tiny")
    start = () if model.encoder is None else tuple(WRITTEN)

    def encode(line: str) -> list[int]:
        if not line:
            raise UsageError("The prompt is empty.")
        return [int(n) for n in line.split(",")] if tokenizer is None else tokenizer.encode(line)

    def decode(tokens: tuple[int, ...]) -> str:
        return ",".join(map(str, tokens)) if tokenizer is None else tokenizer.decode(tokens)

    first = explorer.first(ids, start)
    return ExploreApp(explorer, first, encode=encode, decode=decode, start=start[:1], **options)


def play(app: ExploreApp, script: Script, size: tuple[int, int] = SIZES[0]) -> None:
    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await settled(app, pilot)
            await script(app, pilot)

    asyncio.run(run())
    assert app.failure is None


async def settled(app: ExploreApp, pilot: Pilot[Any]) -> None:
    """Wait until everything that was asked for is measured and drawn."""
    await pilot.pause()
    while app.computing:
        await app.workers.wait_for_complete()
        await pilot.pause()


async def press(app: ExploreApp, pilot: Pilot[Any], *keys: str) -> None:
    await pilot.press(*keys)
    await settled(app, pilot)


def shown(app: ExploreApp, name: str) -> str:
    """The text of one part of the screen."""
    return str(app.query_one(f"#{name}", Static).render())


def explained(app: ExploreApp, model: Transformer, tokenizer: Tokenizer | None) -> Explanation:
    """What `explain` says of the spot that is looked at."""
    spot = app.spot
    request = Request(
        sections=("qkv", "lens", "next", "credit", "heads"),
        position=spot.position,
        layers=(spot.layer,),
        heads=(spot.head,),
        top_k=TABLE_ROWS,
        measure=spot.measure,
        all_keys=True,
    )
    return explain(model, spot.ids, request, tokenizer=tokenizer)


def drawn(lines: list[Any]) -> str:
    return "\n".join(crop(line, 80, "…").plain for line in lines)


def test_the_panes_follow_the_keys_with_the_numbers_of_explain(model, tokenizer):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        where = []
        for keys in ((), ("left", "up"), ("left", "h"), ("l", "l", "down", "right"), ("home",)):
            await press(app, pilot, *keys)
            expected, pen = explained(app, model, tokenizer), Pen(80, brief=False)
            where.append((app.spot.position, app.spot.layer, app.spot.head))
            assert app.spot.name in shown(app, "title")
            await press(app, pilot, "1")
            # explain says that it chose the head where it did; here the user did
            assert shown(app, "head") == drawn(attention.draw_qkv(pen, expected))
            await press(app, pilot, "2")
            assert shown(app, "lens") == drawn(answer.draw_lens(pen, expected))
            await press(app, pilot, "5")
            assert shown(app, "credit") == drawn(answer.draw_credit(pen, expected))
            await press(app, pilot, "4")
            likeliest = expected.next.candidates[0] if expected.next is not None else None
            assert likeliest is not None and f"1* {likeliest.label}" in shown(app, "next")
        assert len(set(where)) == len(where)

    play(opened(model, tokenizer.encode("The cat sat on the"), tokenizer), script)


def test_every_measure_is_shown_in_digits(model, tokenizer):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        seen = set()
        for _ in range(5):
            grid = explained(app, model, tokenizer).heads
            assert grid is not None
            found = shown(app, "grid")
            assert grid.unit in found
            layer, head = app.spot.layer, app.spot.head
            row = next(line for line in found.splitlines() if line.startswith(f"> L{layer}"))
            scaled = grid.scaled[layer][head]
            assert scaled is not None
            percentage = round(100 * abs(scaled))
            assert ("**" if percentage >= 100 else str(percentage)) in row
            seen.add(found)
            await press(app, pilot, "m")
        assert len(seen) == 5

    play(opened(model, tokenizer.encode("The cat sat on the"), tokenizer), script)


def test_a_head_taken_away_is_marked_and_the_table_shows_both(model, tokenizer):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4")
        before = shown(app, "next")
        await press(app, pilot, "a")
        name = app.spot.name
        assert f"without {name}" in shown(app, "title")
        assert "××" in shown(app, "grid")
        await press(app, pilot, "1")
        assert shown(app, "head").startswith("   Taken away")
        await press(app, pilot, "4")
        changed = shown(app, "next")
        sight = app.explorer.look(app.spot, "next")
        assert sight.kl is not None and sight.kl > 0
        assert "KL(as it is ‖ ablated)" in changed and "before" in changed
        await press(app, pilot, "up", "a")
        assert len(app.spot.ablated) == 2
        await press(app, pilot, "a", "down", "a")
        assert shown(app, "next") == before and not app.spot.ablated
        await press(app, pilot, "a", "up", "a", "A")
        assert shown(app, "next") == before and "××" not in shown(app, "grid")

    play(opened(model, tokenizer.encode("The cat sat on the"), tokenizer), script)


def test_taking_away_a_head_that_gives_nothing_changes_nothing(tokenizer):
    model = sized(tokenizer.vocab_size)
    with torch.no_grad():
        model.blocks[2].attention.o.weight[:, 6:12] = 0

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "4", "down", "down", "h", "h", "h", "l", "a")
        assert app.spot.name == "L2H1"
        assert "KL(as it is ‖ ablated) 0.000 bits" in shown(app, "next").replace("0.00 ", "0.000 ")

    play(opened(model, tokenizer.encode("The cat"), tokenizer), script)


def test_the_text_goes_on_and_is_taken_back(model, tokenizer):
    ids = tokenizer.encode("The cat sat")

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "left")  # it goes on behind the text, wherever one looks
        best = int(model(torch.tensor([ids]))[0, -1].argmax())
        await press(app, pilot, "g")
        assert list(app.spot.ids) == [*ids, best] and app.spot.position == len(ids)
        assert f"[{len(ids)} " in shown(app, "strip")
        await press(app, pilot, "g", "g", "g")
        assert len(app.spot.ids) == len(ids) + 4
        await press(app, pilot, "u", "u", "backspace", "u")
        assert list(app.spot.ids) == ids and app.spot.position == len(ids) - 2
        await press(app, pilot, "u")
        assert "nothing to undo" in shown(app, "footer")

    with torch.inference_mode():
        play(opened(model, ids, tokenizer), script)


def test_a_row_of_the_table_is_taken_in_the_place_that_is_looked_at(model, tokenizer):
    ids = tokenizer.encode("The cat sat on")

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "left", "enter")  # the table is not seen yet: it is turned to
        assert "[4 next]" in shown(app, "tabs") and list(app.spot.ids) == ids
        await press(app, pilot, "n", "n", "p", "n")
        table = explained(app, model, tokenizer).next
        assert table is not None
        third = table.candidates[2]
        assert f"3* {third.label}" in shown(app, "next")
        await press(app, pilot, "enter")
        assert list(app.spot.ids) == [*ids[:-1], third.id]

    play(opened(model, ids, tokenizer), script)


def test_the_prompt_is_edited(model, tokenizer):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        line = app.query_one("#edit", Input)
        await press(app, pilot, "slash")
        assert line.display and line.value == "The cat"
        await press(app, pilot, *" q", "h", "left", "right")  # the keys go to the line
        assert line.value == "The cat qh"
        await press(app, pilot, "escape", "e")
        assert line.value == "The cat"
        line.value = ""
        await press(app, pilot, "enter")
        assert "The prompt is empty." in shown(app, "footer")
        line.value = "她每天吃一个苹果"
        await press(app, pilot, "enter")
        assert list(app.spot.ids) == tokenizer.encode("她每天吃一个苹果")
        assert app.spot.position == len(app.spot.ids) - 1
        assert "苹果" in shown(app, "strip") and not line.display
        await press(app, pilot, "u")
        assert list(app.spot.ids) == tokenizer.encode("The cat")

    play(opened(model, tokenizer.encode("The cat"), tokenizer), script)


@pytest.mark.parametrize("text", ["The cat sat on the mat", "她每天吃一个苹果，我也吃"])
def test_at_every_size_all_parts_fit_and_follow_a_resize(model, tokenizer, text):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        for width, height in (*reversed(SIZES), (60, 20)):
            await pilot.resize_terminal(width, height)
            await settled(app, pilot)
            for name in ("title", "strip", "grid", "tabs", "footer", *panes.NAMES):
                widget = app.query_one(f"#{name}", Static)
                if not widget.display:
                    continue
                lines = shown(app, name).splitlines()
                assert len(lines) <= widget.size.height
                assert max(map(cell_len, lines)) <= widget.size.width
            seen = [name for name in panes.NAMES if app.query_one(f"#{name}").display]
            assert len(seen) == {200: 6, 120: 2}.get(width, 1)
            assert all(shown(app, name).strip() for name in seen)

    play(opened(model, tokenizer.encode(text), tokenizer), script)


def test_a_long_prompt_shows_what_stands_around_the_token(model, tokenizer):
    ids = tokenizer.encode("The cat sat on the mat. " * 100)[:700]

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        assert shown(app, "strip").startswith("… ") and "[699 " in shown(app, "strip")
        assert "more" in shown(app, "head")
        await press(app, pilot, "pagedown")
        assert "other heads" in shown(app, "head") or "PageDown" in shown(app, "head")
        await press(app, pilot, "3", "home", *["right"] * 30)
        assert app.spot.position == 30 and "[30 " in shown(app, "strip")
        assert "   30 " in shown(app, "weights")

    play(opened(model, ids, tokenizer), script)


def test_a_wide_grid_keeps_the_head_in_sight(tokenizer):
    model = sized(61, num_layers=32, num_heads=64, num_kv_heads=1, head_dim=2, hidden_size=8)
    explorer = Explorer(model)
    first = explorer.first(IDS)
    found = explorer.look(first, "heads").explanation
    for layer, head in ((0, 0), (0, 63), (31, 0), (31, 63), (17, 40)):
        spot = replace(first, layer=layer, head=head)
        for width, height in ((80, 12), (40, 7), (200, 40)):
            lines = [line.plain for line in draw_grid(Pen(width), found, spot, height)]
            assert len(lines) <= height and max(map(len, lines)) <= width
            assert any(line.startswith(f"> L{layer} ") for line in lines)
            assert str(head) in lines[1].split()


def test_a_full_context_is_said():
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "g")
        assert "context is full" in shown(app, "footer")
        await press(app, pilot, "u")
        assert len(app.spot.ids) == 64 and "context" not in shown(app, "footer")

    play(opened(build("gpt2"), list(range(32)) * 2), script)


def test_the_last_pane_turns_through_the_further_sections(model, tokenizer):
    ids = tokenizer.encode("The cat sat")

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        seen = []
        for section in (*FURTHER, FURTHER[0]):
            await press(app, pilot, "7")
            request = Request(sections=(section,), top_k=TABLE_ROWS)
            expected = explain(model, ids, request, tokenizer=tokenizer)
            assert f"[7 {section}]" in shown(app, "tabs")
            lines = draw_section(Pen(80, brief=False), expected, section)
            height = app.query_one("#more").size.height
            seen.append(shown(app, "more"))
            if section == "cost":  # measured anew: the times are others
                assert " COST " in seen[-1]
                continue
            assert shown(app, "more") == drawn(panes.visible(Pen(80), lines, 0, height))
        assert seen[0] == seen[-1] and len(set(seen)) == len(FURTHER)
        await press(app, pilot, "a")
        assert shown(app, "more").startswith("   Of the model with all its heads:")

    play(opened(model, ids, tokenizer), script)


def test_no_pane_names_an_option(model, tokenizer):
    """What keys choose cannot be asked for by an option: there is none here."""
    ids = tokenizer.encode("The cat sat on the mat. " * 20)
    told: list[str] = []

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        for key in "123456":
            await press(app, pilot, key)
            told.append("\n".join(shown(app, name) for name in panes.NAMES))
        for _ in FURTHER:
            await press(app, pilot, "7")
            told.append(shown(app, "more"))

    for size in ((40, 16), (80, 50)):
        play(opened(model, ids, tokenizer), script, size)
    assert not [text for text in told if re.search(r"--[a-z]", text)]
    assert "they end with the token that is followed" in "\n".join(told)


def test_in_an_encoder_the_arrows_choose_who_asks():
    model = build("bart", torch.float64)

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        position = app.spot.position
        await press(app, pilot, "k", "k", "home")
        assert app.spot.kind == "encoder" and "“#5” asks" in shown(app, "head")
        await press(app, pilot, "right", "right")
        assert "“#3” asks" in shown(app, "head") and "[2 #3]" in shown(app, "strip")
        assert app.spot.position == position
        await press(app, pilot, "k", "left")
        assert app.spot.position == position - 1 and app.spot.source == 2

    play(opened(model, list(IDS)), script)


@pytest.mark.parametrize("shape", ["t5", "marian", "bert", "vectors", "gpt_oss", "deepseek"])
def test_every_kind_of_model_has_its_panes(shape):
    model = build(shape)

    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        kinds = set()
        for _ in app.explorer.extents:
            for number, name in enumerate(panes.NAMES, start=1):
                await press(app, pilot, str(number))
                assert shown(app, name).strip()
            kinds.add(app.spot.name[0])
            await press(app, pilot, "a", "k")
        assert kinds == set("LXE" if model.encoder is not None else "L")
        if model.head is None:
            assert "no output matrix" in shown(app, "credit") + shown(app, "next")
            await press(app, pilot, "g")
            assert "no output matrix" in shown(app, "footer")
        else:
            followed = app.spot.followed
            await press(app, pilot, "g")
            added = 1 if model.config.causal else 0
            assert len(app.spot.followed) == len(followed) + added

    play(opened(model, list(IDS)), script)


def test_ascii_and_no_color_and_lessons(model, tokenizer):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "a", "t")
        for number, name in enumerate(panes.NAMES, start=1):
            await press(app, pilot, str(number))
            everything = [shown(app, part) for part in ("title", "strip", "grid", "tabs", "footer")]
            assert "".join([*everything, shown(app, name)]).isascii()
        assert "xx" in shown(app, "grid")

    app = opened(model, tokenizer.encode("她 cat"), tokenizer, ascii=True, colored=False)
    play(app, script)


def test_help_and_quit(model, tokenizer):
    async def script(app: ExploreApp, pilot: Pilot[Any]) -> None:
        await press(app, pilot, "question_mark")
        assert len(app.screen_stack) == 2
        assert "Backspace" in str(app.screen.query_one(Static).render())
        position = app.spot.position
        await press(app, pilot, "left")  # any key closes it, and does nothing else
        assert len(app.screen_stack) == 1 and app.spot.position == position
        await pilot.press("q")
        assert app.return_value is None

    app = opened(model, tokenizer.encode("The cat"), tokenizer)
    play(app, script)
    assert not app.is_running


def test_a_fault_ends_the_application_and_is_kept():
    app = opened(build("gpt2"), list(IDS))

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await settled(app, pilot)
            app.explorer.look = None  # type: ignore[method-assign]
            await pilot.press("left")
            await app.workers.wait_for_complete()

    asyncio.run(run())
    assert isinstance(app.failure, TypeError)


def test_the_boxes_of_every_size_lie_on_the_screen_and_apart():
    for width in range(40, 230, 7):
        for height in range(16, 70, 5):
            for grid in ((44, 8), (70, 34), (140, 82)):
                places = arrange(width, height, 2, grid, 6)
                boxes = [places.title, places.strip, places.grid, places.tabs, places.footer]
                boxes += places.panes
                for box in boxes:
                    assert box.x >= 0 and box.x + box.width <= width and box.width > 0
                    assert box.y >= 0 and box.y + box.height <= height and box.height > 0
                for i, one in enumerate(boxes):
                    assert not any(overlap(one, other) for other in boxes[i + 1 :])


def overlap(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    above = one.y + one.height <= other.y or other.y + other.height <= one.y
    return not (beside or above)

"""The page in a real browser: what pointing and keys do, and that it asks nobody for anything.

Needs Playwright and a Chromium: its own, or the one that CHROMIUM names.
"""

import os

import pytest
from explain_compare_samples import compare_sample, side
from explain_over_samples import over_sample
from explain_page import TOKENS, opened, page_of
from explain_with_samples import with_sample

from tfcli.view.explain.lines import Pen
from tfcli.view.html.several import page as page_of_several

playwright = pytest.importorskip("playwright.sync_api")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        path = os.environ.get("CHROMIUM")
        try:
            found = started.chromium.launch(
                executable_path=path, args=["--no-sandbox"] if os.environ.get("CI") or path else []
            )
        except playwright.Error as error:
            if path:
                raise
            pytest.skip(f"no Chromium: {error.message.splitlines()[0]}")
        yield found
        found.close()


@pytest.fixture
def open_page(browser, tmp_path):
    """Open a document from a file; the page, and the addresses that it asked for."""
    contexts = []

    def open_it(document, scheme="light"):
        (tmp_path / "page.html").write_text(document, encoding="utf-8")
        context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page, asked, errors = context.new_page(), [], []

        def pass_on(route):
            asked.append(route.request.url)
            route.continue_()

        page.route("**/*", pass_on)  # what the policy forbids never comes this far
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text))
        page.goto((tmp_path / "page.html").as_uri())
        return page, asked, errors

    yield open_it
    for context in contexts:
        context.close()


def cells(page, table):
    return page.locator(f"{table} tbody td").all_inner_texts()


def test_it_is_drawn_and_asks_for_nothing(open_page, tmp_path):
    page, asked, errors = open_page(page_of(*opened()))
    assert asked == [(tmp_path / "page.html").as_uri()] and errors == []
    assert page.locator("#heads table.heat button").count() == 6 * 8
    assert page.locator("#head h3").inner_text() == "Head L5H4"
    assert page.locator("h2").all_inner_texts()[-1] == "The screen"


def test_a_head_that_is_pointed_at_shows_its_matrix_and_its_row(open_page):
    page, _, errors = open_page(page_of(*opened()))
    before = cells(page, "#matrix"), cells(page, "#ledger")
    page.get_by_role("button", name="L2H3:").hover()
    assert page.locator("#head h3").inner_text() == "Head L2H3"
    shown = cells(page, "#matrix"), cells(page, "#ledger")
    assert shown[0] != before[0] and shown[1] != before[1]
    page.locator("h1").hover()  # away again: what was chosen is back
    assert (cells(page, "#matrix"), cells(page, "#ledger")) == before
    page.get_by_role("button", name="L2H3:").click()
    page.locator("h1").hover()
    assert (cells(page, "#matrix"), cells(page, "#ledger")) == shown
    assert errors == []


def test_a_token_that_is_pointed_at_is_marked_and_weighed_in_every_head(open_page):
    page, _, errors = open_page(page_of(*opened()))
    page.locator("button.token").nth(1).hover()
    assert page.locator("#matrix thead th.on").all_inner_texts() == ["1"]
    assert page.locator("#matrix tbody tr.on th").all_inner_texts() == [f"1 {TOKENS[1]}"]
    assert page.locator("#ledger tbody tr.on th").all_inner_texts() == [f"1 {TOKENS[1]}"]
    weights = cells(page, "#on-token table")
    assert len(weights) == 6 * 8 and set(weights) != {"–"}
    page.locator("button.token").nth(2).hover()
    assert cells(page, "#on-token table") != weights
    assert errors == []


def test_keys_are_enough(open_page):
    page, _, errors = open_page(page_of(*opened()))
    page.get_by_role("button", name="L0H0:").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator("#head h3").inner_text() == "Head L1H2"
    page.keyboard.press("End")
    assert page.locator("#head h3").inner_text() == "Head L1H7"
    page.locator("#lens-grid button").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.locator("#lens-cell h3").inner_text() == f"L0 after 0 “{TOKENS[0]}”"
    assert page.locator("#lens-cell dd").count() == 5
    # one stop of the Tab key for each grid and strip
    stops = page.locator("button").evaluate_all("all => all.filter(b => b.tabIndex === 0).length")
    assert stops == 3 and errors == []


HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&lt;b&gt;",
    "javascript:alert(1)",
    "\u2028\u202e\x1b[2J\x00",
)


def test_hostile_tokens_are_text(open_page, tmp_path):
    page, asked, errors = open_page(page_of(*opened(HOSTILE), title=f'"{HOSTILE[0]}"'))
    assert asked == [(tmp_path / "page.html").as_uri()] and errors == []
    assert page.locator("img, iframe, a, object, form").count() == 0
    assert page.locator("script").count() == 2
    labels = page.locator("button.token .label").all_inner_texts()
    assert labels[:4] == list(HOSTILE[:4])
    assert labels[4] == "\\u2028\\u202e\\x1b[2J\\x00"


def test_the_policy_stops_what_would_slip_in(open_page, tmp_path):
    page, asked, errors = open_page(page_of(*opened()))
    page.evaluate(
        """() => {
            const image = document.createElement("img");
            image.src = "https://example.invalid/x";
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(image, script);
        }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.ran") is None
    assert asked == [(tmp_path / "page.html").as_uri()]
    assert len([error for error in errors if "Content Security Policy" in error]) == 2


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_never_scrolls_sideways(open_page, width):
    page, _, _ = open_page(page_of(*opened()))
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_light_and_dark_follow_the_reader(open_page):
    grounds = [
        open_page(page_of(*opened()), scheme)[0].evaluate(
            "getComputedStyle(document.body).backgroundColor"
        )
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(255, 255, 255)", "rgb(22, 26, 33)"]


def of_several(found):
    return page_of_several(found, Pen(100), "tfcli explain")


@pytest.mark.parametrize("made", [compare_sample, with_sample, over_sample])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_of_several_is_drawn_and_asks_for_nothing(open_page, tmp_path, made, width):
    page, asked, errors = open_page(of_several(made()))
    assert asked == [(tmp_path / "page.html").as_uri()] and errors == []
    assert page.locator("h2").all_inner_texts()[0] == "Tokens"
    assert page.locator("h2").all_inner_texts()[-1] == "The screen"
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_token_of_a_prompt_is_marked_wherever_it_stands(open_page):
    page, _, errors = open_page(of_several(compare_sample()))

    def marked():
        return page.locator("tbody tr.on th").all_inner_texts()

    page.locator("button.token").nth(1).hover()
    assert marked() == ["1 ␣of", "L2H2"]
    page.locator("h1").hover()
    assert marked() == []
    page.locator("button.token").nth(1).click()
    page.locator("#context-2 tbody tr").nth(0).hover()
    assert marked() == ["0 I", "L0H3"]
    assert page.locator("button.token.on .label").all_inner_texts() == ["I"]
    page.locator("h1").hover()  # away again: what was chosen is back
    assert marked() == ["1 ␣of", "L2H2"]
    assert page.locator("button.token[aria-pressed=true]").count() == 1
    page.locator("button.token").nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert marked() == ["1 ␣of", "L2H2"] and errors == []


def test_a_checkpoint_is_marked_in_both_of_its_tables(open_page):
    page, _, _ = open_page(of_several(over_sample()))
    page.locator("#answer tbody tr").nth(3).hover()
    assert page.locator("tbody tr.on th").all_inner_texts() == ["4", "4"]


def test_hostile_tokens_of_two_prompts_are_text(open_page, tmp_path):
    page, asked, errors = open_page(of_several(compare_sample(side(HOSTILE, 4))))
    assert asked == [(tmp_path / "page.html").as_uri()] and errors == []
    assert page.locator("img, iframe, a, object, form").count() == 0
    assert page.locator("button.token .label").all_inner_texts()[:4] == list(HOSTILE[:4])

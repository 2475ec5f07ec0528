"""The options of `tfcli explain`, by the panel of the help screen that they stand under."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from tfcli.explain.edits.request import Filling
from tfcli.explain.request import SECTIONS, LensKind, Measure

_WHERE = "Where to look"
_WHAT = "What to show"
_LENS = "Lens"
_CHANGES = "What to change in the model"
_SAMPLING = "Next token"
_SEVERAL = "Several models or prompts"
_FILES = "Files"

PromptFile = Annotated[
    Path | None,
    typer.Option("--file", metavar="FILE", help="Read the prompt from a file.", show_default=False),
]
Layer = Annotated[
    str,
    typer.Option(
        "--layer",
        metavar="5|0,3|all|top",
        rich_help_panel=_WHERE,
        help="Layers to open, from 0; -1 is the last; top is the one whose attention moves "
        "the token most.",
    ),
]
Head = Annotated[
    str,
    typer.Option(
        "--head",
        metavar="3|0,3|all|top",
        rich_help_panel=_WHERE,
        help="Heads to open in each; top is the one that moves the token most.",
    ),
]
Position = Annotated[
    int | None,
    typer.Option(
        "--pos",
        metavar="N",
        rich_help_panel=_WHERE,
        help="The token to follow, from 0; negative counts from the end.",
        show_default="the last; in an encoder the first masked one",
    ),
]
Decoder = Annotated[
    str | None,
    typer.Option(
        "--decoder",
        metavar="TEXT",
        rich_help_panel=_WHERE,
        help="In an encoder-decoder, what the decoder has written so far.",
        show_default="nothing but its first token",
    ),
]
Window = Annotated[
    str | None,
    typer.Option(
        "--window",
        metavar="A:B",
        rich_help_panel=_WHERE,
        help="Show the tokens A to B-1 of a long prompt.",
        show_default=False,
    ),
]
Section = Annotated[
    str | None,
    typer.Option(
        "--section",
        metavar="NAME,...|all",
        rich_help_panel=_WHAT,
        help=f"Show these sections in full: {', '.join(SECTIONS)}.",
        show_default=False,
    ),
]
Answer = Annotated[
    str | None,
    typer.Option(
        "--answer",
        metavar="TOKEN",
        rich_help_panel=_WHERE,
        help="The token that lens and credit follow: its text, or its id as '#17'.",
        show_default="the likeliest",
    ),
]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="TOKEN",
        rich_help_panel=_WHERE,
        help="A second token: what speaks for the answer rather than for this one.",
        show_default=False,
    ),
]
LensChoice = Annotated[
    LensKind,
    typer.Option(
        "--lens",
        rich_help_panel=_LENS,
        help="How the lens reads a layer: as it is, or through the translator that --fit-lens "
        "has fitted.",
    ),
]
FitLens = Annotated[
    str | None,
    typer.Option(
        "--fit-lens",
        metavar="CORPUS",
        rich_help_panel=_LENS,
        help="Instead of explaining, fit the tuned lens on a file, a folder, a glob, - or world, "
        "the built-in corpus.",
        show_default=False,
    ),
]
LensSteps = Annotated[
    int,
    typer.Option(
        "--lens-steps",
        metavar="N",
        min=1,
        max=100_000,
        rich_help_panel=_LENS,
        help="Updates of the tuned lens, of 512 tokens each.",
    ),
]
LensFile = Annotated[
    Path | None,
    typer.Option(
        "--lens-file",
        metavar="FILE",
        rich_help_panel=_LENS,
        help="Where the tuned lens is.",
        show_default="tuned-lens.safetensors in the model's directory",
    ),
]
Over = Annotated[
    list[str] | None,
    typer.Option(
        "--over",
        metavar="RUN",
        rich_help_panel=_SEVERAL,
        help="When did the answer, or a head, form? Reads the prompt with every model that a run "
        "kept on its way; given several times, with these models, the oldest first.",
        show_default=False,
    ),
]
With = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="RUN",
        rich_help_panel=_SEVERAL,
        help="A second model: both on the prompt, side by side, and how far their weights are "
        "apart.",
        show_default=False,
    ),
]
Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="TEXT",
        rich_help_panel=_SEVERAL,
        help="A second prompt: one word in both, how far its two vectors part, and what drew them.",
        show_default=False,
    ),
]
Word = Annotated[
    str | None,
    typer.Option(
        "--word",
        metavar="WORD",
        rich_help_panel=_SEVERAL,
        help="With --compare, the word to follow, where it stands last in each prompt.",
        show_default="the prompts' ends",
    ),
]
SaveFile = Annotated[
    Path | None,
    typer.Option(
        "--save",
        metavar="FILE",
        rich_help_panel=_FILES,
        help="Keep the whole explanation in a file: every section, layer and head.",
        show_default=False,
    ),
]
FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        rich_help_panel=_FILES,
        help="Show a part of what --save, or --json, has written; needs neither the model nor "
        "PyTorch.",
        show_default=False,
    ),
]
GridMeasure = Annotated[
    Measure,
    typer.Option(
        "--measure",
        metavar="NAME",
        rich_help_panel=_WHAT,
        help="What the grid of heads shows: delta, the norm of ΔE; entropy of the row; weight on "
        "the first token (sink) or on the one before (previous); credit, the share in the logit; "
        "norm, the entropy of what the keys give; duplicate, weight on the same token before; "
        "induction, on random tokens given twice, weight on what stood behind it; copying, of the "
        "weights, whether a head writes what it reads; ablation, how far the answer moves without "
        "the head; patching, how far towards that of --patch with the head as it is there.",
    ),
]
TableRows = Annotated[
    int,
    typer.Option(
        "--top-k", min=1, max=1000, rich_help_panel=_WHAT, help="Rows of a next-token table."
    ),
]
Steps = Annotated[
    int,
    typer.Option(
        "--steps",
        min=0,
        max=1000,
        rich_help_panel=_WHAT,
        help="Show the loop: so many tokens, with the table that each is taken from.",
        show_default=False,
    ),
]
ByKey = Annotated[
    bool,
    typer.Option(
        "--by-key",
        rich_help_panel=_WHAT,
        help="Show the loop step by step: Space or Enter the next, q ends it.",
        show_default=False,
    ),
]
Strict = Annotated[
    bool,
    typer.Option(
        "--strict", rich_help_panel=_WHAT, help="Exit 1 if the audit fails.", show_default=False
    ),
]
Teach = Annotated[
    bool,
    typer.Option(
        "--teach",
        rich_help_panel=_WHAT,
        help="Say under each section what it means, with this run's numbers.",
        show_default=False,
    ),
]
Lang = Annotated[
    Literal["en", "zh"] | None,
    typer.Option(
        "--lang",
        rich_help_panel=_WHAT,
        help="Language of the lessons.",
        show_default="the locale's",
    ),
]
Neighbors = Annotated[
    str | None,
    typer.Option(
        "--neighbors",
        metavar="WORD",
        rich_help_panel=_WHAT,
        help="The tokens nearest to a word's embedding; needs no prompt.",
        show_default=False,
    ),
]
Analogy = Annotated[
    str | None,
    typer.Option(
        "--analogy",
        metavar="A-B+C[=D]",
        rich_help_panel=_WHAT,
        help="The tokens nearest to a sum of embeddings, such as king-man+woman=queen; needs no "
        "prompt.",
        show_default=False,
    ),
]
Ablate = Annotated[
    str | None,
    typer.Option(
        "--ablate",
        metavar="PLACE,...",
        rich_help_panel=_CHANGES,
        help="Take places away: L5H3 is a head, L5H0-3 are several, attn:L5 and ffn:L5 modules, "
        "L5 all that a block adds; X5H3 is in cross-attention, E5H3 in the encoder beside.",
        show_default=False,
    ),
]
AblateWith = Annotated[
    Filling,
    typer.Option(
        "--ablate-with",
        rich_help_panel=_CHANGES,
        help="What stands there instead: zeros, or the mean over the prompt's positions.",
    ),
]
Scale = Annotated[
    list[str] | None,
    typer.Option(
        "--scale",
        metavar="PLACE=X,...",
        rich_help_panel=_CHANGES,
        help="Multiply what places give: L5H3=0.5.",
        show_default=False,
    ),
]
Patch = Annotated[
    str | None,
    typer.Option(
        "--patch",
        metavar="TEXT",
        rich_help_panel=_CHANGES,
        help="Another prompt, whose outputs are put into this run: those of --patch-at, or of "
        "every head by itself, as a grid.",
        show_default=False,
    ),
]
PatchAt = Annotated[
    str | None,
    typer.Option(
        "--patch-at",
        metavar="PLACE,...",
        rich_help_panel=_CHANGES,
        help="Places that take the other prompt's output, at the same positions; where the "
        "lengths differ, at the followed token only.",
        show_default="every head, one by one",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        min=0.0,
        rich_help_panel=_SAMPLING,
        help="Divides the logits; with --steps, draw instead of taking the likeliest.",
        show_default=False,
    ),
]
TopKFilter = Annotated[
    int | None,
    typer.Option(
        "--top-k-filter",
        min=1,
        rich_help_panel=_SAMPLING,
        help="Keep the K most likely tokens.",
        show_default=False,
    ),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        min=0.0,
        max=1.0,
        rich_help_panel=_SAMPLING,
        help="Keep the smallest set of likely tokens with this much probability.",
        show_default=False,
    ),
]
MinP = Annotated[
    float | None,
    typer.Option(
        "--min-p",
        min=0.0,
        max=1.0,
        rich_help_panel=_SAMPLING,
        help="Keep tokens with at least this share of the likeliest one's probability.",
        show_default=False,
    ),
]
RepetitionPenalty = Annotated[
    float | None,
    typer.Option(
        "--repetition-penalty",
        min=0.0,
        rich_help_panel=_SAMPLING,
        help="Above 1: tokens that already stand there become less likely.",
        show_default=False,
    ),
]
SvgFile = Annotated[
    Path | None,
    typer.Option(
        "--svg",
        metavar="FILE",
        rich_help_panel=_FILES,
        help="Write the screen as a picture instead of showing it, COLUMNS wide, else 100.",
        show_default=False,
    ),
]
PngFile = Annotated[
    Path | None,
    typer.Option(
        "--png",
        metavar="FILE",
        rich_help_panel=_FILES,
        help="The same as a PNG; needs pip install 'tfcli[png]'.",
        show_default=False,
    ),
]
HtmlFile = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="FILE",
        rich_help_panel=_FILES,
        help="Write one page to open offline: every head, the lens everywhere, by pointing or by "
        "the arrow keys.",
        show_default=False,
    ),
]

"""`tfcli explain`: what happens inside a model on one prompt."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import typer

from tfcli.cli import (
    explain_compare,
    explain_lens,
    explain_models,
    explain_saved,
    explain_steps,
)
from tfcli.cli.explain_edits import edit_request, edit_sections, grid_measure, with_other
from tfcli.cli.explain_files import Files
from tfcli.cli.explain_input import (
    decoder_ids,
    model_name,
    prompt_ids,
    prompt_text,
    taught_language,
)
from tfcli.cli.explain_options import (
    Ablate,
    AblateWith,
    Against,
    Analogy,
    Answer,
    ByKey,
    Compare,
    Decoder,
    FitLens,
    FromFile,
    GridMeasure,
    Head,
    HtmlFile,
    Lang,
    Layer,
    LensChoice,
    LensFile,
    LensSteps,
    MinP,
    Neighbors,
    Over,
    Patch,
    PatchAt,
    PngFile,
    Position,
    PromptFile,
    RepetitionPenalty,
    SaveFile,
    Scale,
    Section,
    Steps,
    Strict,
    SvgFile,
    TableRows,
    Teach,
    Temperature,
    TopKFilter,
    TopP,
    Window,
    With,
    Word,
)
from tfcli.cli.explain_output import Output
from tfcli.cli.open_model import open_model
from tfcli.cli.options import Device, Dtype, Ids, Json, Model, Prompt, Seed, Threads
from tfcli.errors import UsageError
from tfcli.explain.request import (
    SCREEN,
    SECTIONS,
    Request,
    parse_choice,
    parse_sections,
    parse_window,
)
from tfcli.explain.text.formula import parse_formula, parse_word
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.api import LanguageModel
    from tfcli.generate.config import SamplingConfig

_SEEDS = 2**63


def command(
    ctx: typer.Context,
    prompt: Prompt = None,
    *,
    model: Model = None,
    file: PromptFile = None,
    ids: Ids = None,
    layer: Layer = "top",
    head: Head = "top",
    pos: Position = None,
    decoder: Decoder = None,
    window: Window = None,
    answer: Answer = None,
    against: Against = None,
    section: Section = None,
    measure: GridMeasure = "delta",
    top_k: TableRows = 5,
    steps: Steps = 0,
    by_key: ByKey = False,
    neighbors: Neighbors = None,
    analogy: Analogy = None,
    lens: LensChoice = "logit",
    fit_lens: FitLens = None,
    lens_steps: LensSteps = 250,
    lens_file: LensFile = None,
    over: Over = None,
    other: With = None,
    compare: Compare = None,
    word: Word = None,
    save: SaveFile = None,
    saved: FromFile = None,
    strict: Strict = False,
    teach: Teach = False,
    lang: Lang = None,
    ablate: Ablate = None,
    ablate_with: AblateWith = "zero",
    scale: Scale = None,
    patch: Patch = None,
    patch_at: PatchAt = None,
    temperature: Temperature = None,
    top_k_filter: TopKFilter = None,
    top_p: TopP = None,
    min_p: MinP = None,
    repetition_penalty: RepetitionPenalty = None,
    seed: Seed = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    threads: Threads = None,
    svg: SvgFile = None,
    png: PngFile = None,
    html: HtmlFile = None,
    json: Json = False,
) -> None:
    """See what happens inside a model on one prompt.

    Every number is computed on this run: the tokens, one layer and one head of attention (those
    that move the last token most), every head at a glance, what each layer would answer, which
    part wrote the answer, the next-token table. The last line audits that the numbers add up.

    Examples:
        tfcli explain "The cat"
        tfcli explain "The cat" --layer all --head 0 --section block,qkv
        # what speaks for the one word rather than for the other
        tfcli explain "The cat" --answer sleeps --against is --section lens,credit
        # when did that form? the models that a run kept on its way
        tfcli explain "The cat" --over runs/mine
        # what the answer becomes without one head and with half of a module
        tfcli explain "The cat" --ablate L1H0 --scale ffn:L0=0.5
        # which head carries the difference between two prompts
        tfcli explain "The cat" --patch "The dog"
        # two models, or two stages of one
        tfcli explain "The cat" --model runs/mine --with runs/other
        # one word in two contexts: where its vectors part, and which words drew them apart
        tfcli explain "the river bank" --compare "he works at a bank" --word bank
        # the loop that makes a text, one table a step
        tfcli explain "The cat" --steps 5
        # the same, each step at a key
        tfcli explain "The cat" --by-key
        tfcli explain "The cat" --json --section next,audit
        # the screen as a picture
        tfcli explain "The cat" --svg cat.svg
        # a page to open offline: point at a head, a token, a layer
        tfcli explain "The cat sat on the" --html cat.html
        # what each layer would say if it had learned to: fit once, then read
        tfcli explain --fit-lens world
        tfcli explain "The cat" --lens tuned --section lens
        # all of it in a file, to be looked at later without the model
        tfcli explain "The cat" --save cat.json.gz
        tfcli explain --from cat.json.gz --layer 2 --head all --section attention
        # calculating with words
        tfcli explain --analogy king-man+woman=queen
    """
    language = taught_language(lang) if teach else lang
    output = Output(Files(svg, png, html), json, section is None, language, strict)
    output.files.require(by_key, fit_lens)
    if saved is not None:
        explain_saved.refuse_model_options(ctx)
        request = Request(
            sections=_sections(section, False, strict, []),
            layers=parse_choice(layer, "layer"),
            heads=parse_choice(head, "head"),
            position=pos,
            top_k=top_k,
            measure=measure,
            window=parse_window(window) if window is not None else None,
            all_keys=section is not None,
        )
        found = explain_saved.part_of_file(saved, request, section is not None, strict)
        output.show(found, None, request, partial(explain_saved.rest_of_file, saved))
        return
    if save is not None:
        explain_saved.refuse_unsaved(ctx, save)
    if fit_lens is not None:
        explain_lens.refuse_prompt(prompt, file, ids)
        opened = open_model(ctx, model, device, dtype, threads)
        explain_lens.fit_lens(opened, fit_lens, lens_steps, lens_file, seed, json)
        return
    explain_lens.refuse_file(lens, lens_file)
    explain_models.refuse_others(ctx, over, other, compare, word)
    nearest = None if neighbors is None else parse_word(neighbors)
    formula = None if analogy is None else parse_formula(analogy)
    named = [name for name, asked in (("neighbors", nearest), ("analogy", formula)) if asked]
    alone = bool(named) and not prompt and file is None and ids is None
    text = None if alone else prompt_text(prompt, file, ids, "explain")
    steps = explain_steps.asked_steps(steps, by_key, json)
    sampling = _sampling(temperature, top_k_filter, top_p, min_p, repetition_penalty)
    drawn = steps > 0 and not sampling.greedy
    edits = edit_request(ablate, ablate_with, scale, patch, patch_at)
    measure = grid_measure(measure, patch, patch_at)
    changes = edit_sections(edits, measure)
    request = Request(
        sections=_sections(section, bool(steps or alone or changes), strict, [*named, *changes]),
        layers=parse_choice(layer, "layer"),
        heads=parse_choice(head, "head"),
        position=pos,
        top_k=top_k,
        measure=measure,
        window=parse_window(window) if window is not None else None,
        all_keys=section is not None,
        sampling=sampling,
        steps=steps,
        seed=_seed(seed, drawn),
        neighbors=nearest,
        analogy=formula,
        edits=edits,
    )
    if over or other is not None:
        several = explain_models.Several(
            request, text, ids, decoder, answer, device, dtype, threads, output
        )
        explain_models.show_several(ctx, model, over, other, several)
        return
    language_model = open_model(ctx, model, device, dtype, threads)
    explain_steps.refuse_encoder(steps, language_model.model.config)
    if compare is not None:
        explain_compare.show_compared(
            language_model,
            text,
            ids,
            compare,
            word=word,
            decoder=decoder,
            top_k=top_k,
            output=output,
        )
        return
    request = replace(
        request,
        answer=_token(language_model, answer, "--answer"),
        against=_token(language_model, against, "--against"),
        edits=with_other(edits, language_model, patch),
    )
    if drawn:
        console.note(f"seed {request.seed}")
    read = _words_ids(language_model, request) if alone else prompt_ids(language_model, text, ids)
    facts = {
        "tokenizer": language_model.tokenizer,
        "name": model_name(language_model.path),
        "family": language_model.family,
        "eos_ids": language_model.eos_ids,
        "decoder_ids": decoder_ids(language_model, decoder),
        "generation": language_model.generation,
        "tuned": explain_lens.tuned_lens(language_model, lens, lens_file),
    }
    if save is not None:
        found = explain_saved.explain_and_save(save, language_model.model, read, request, facts)
        output.show(found, text, request, partial(explain_saved.rest_of_file, save))
        return
    from tfcli.explain.explanation import explain, explain_by_step, whole

    parts = explain_by_step(language_model.model, read, request, **facts)
    found = explain_steps.show_by_key(parts, output.brief, language) if by_key else whole(parts)
    again = partial(explain, language_model.model, read, **facts)
    output.show(found, text, request, lambda other: again(request=other), drawn=by_key)


def _token(language_model: "LanguageModel", text: str | None, flag: str) -> int | None:
    """The id of the token that an option names."""
    if text is None:
        return None
    from tfcli.explain.text.answer import one_token

    return one_token(text, language_model.tokenizer, language_model.config.vocab_size, flag)


def _words_ids(language_model: "LanguageModel", request: Request) -> list[int]:
    """Without a prompt, the words whose vectors are looked at are what the model reads."""
    words = [] if request.neighbors is None else [("--neighbors", request.neighbors)]
    words += [("--analogy", word) for _, word in request.analogy.terms] if request.analogy else []
    from tfcli.explain.text.answer import one_token

    reader = language_model.config.encoder or language_model.config
    tokenizer, rows = language_model.tokenizer, reader.vocab_size
    ids = [one_token(word, tokenizer, rows, flag, reads=True) for flag, word in words]
    return language_model.as_batch(ids)[0].tolist()


def _sections(
    section: str | None, few: bool, strict: bool, named: Sequence[str]
) -> tuple[str, ...]:
    """Those that were named, and those of flags of their own; else all, or the model only.

    Args:
        few: what is asked for is a loop, changes or words alone.
        named: by flags of their own.
    """
    unnamed = ("model",) if few else SCREEN
    asked = {*(parse_sections(section) if section is not None else unnamed), *named}
    if strict:
        asked.add("audit")
    return tuple(name for name in SECTIONS if name in asked)


def _sampling(
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    min_p: float | None,
    repetition_penalty: float | None,
) -> "SamplingConfig":
    """Greedy where nothing is set; temperature 1 where only a filter is."""

    from tfcli.generate.config import SamplingConfig

    filters = (top_k, top_p, min_p, repetition_penalty)
    if temperature is None:
        temperature = 0.0 if filters == (None,) * 4 else 1.0
    return SamplingConfig(temperature, *filters)


def _seed(seed: int | None, drawn: bool) -> int:
    if (seed or 0) >= _SEEDS:
        raise UsageError(f"The seed is {seed}; it must be from 0 to {_SEEDS - 1}.")
    if seed is not None or not drawn:
        return seed or 0
    import secrets

    return secrets.randbelow(2**31)

"""`tfcli explain`: what happens inside a model on one prompt."""

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import typer

from tfcli.cli import (
    explain_compare,
    explain_lens,
    explain_models,
    explain_partners,
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
    token_named,
    words_ids,
)
from tfcli.cli.explain_options import changes, files, lenses, models, next_token, what, where
from tfcli.cli.explain_output import Output
from tfcli.cli.explain_request import asked_sampling, asked_sections, asked_seed
from tfcli.cli.open_model import open_model
from tfcli.cli.options import Device, Dtype, Ids, Json, Model, Prompt, Seed, Threads
from tfcli.explain.request import Request, parse_choice, parse_window
from tfcli.explain.text.formula import parse_formula, parse_word
from tfcli.view import console

if TYPE_CHECKING:
    from tfcli.explain.explanation import Facts


def command(
    ctx: typer.Context,
    prompt: Prompt = None,
    *,
    model: Model = None,
    file: where.PromptFile = None,
    ids: Ids = None,
    layer: where.Layer = "top",
    head: where.Head = "top",
    pos: where.Position = None,
    decoder: where.Decoder = None,
    window: where.Window = None,
    answer: where.Answer = None,
    against: where.Against = None,
    section: what.Section = None,
    measure: what.GridMeasure = "delta",
    top_k: what.TableRows = 5,
    steps: what.Steps = 0,
    by_key: what.ByKey = False,
    neighbors: what.Neighbors = None,
    analogy: what.Analogy = None,
    lens: lenses.LensChoice = "logit",
    fit_lens: lenses.FitLens = None,
    lens_steps: lenses.LensSteps = 250,
    lens_file: lenses.LensFile = None,
    over: models.Over = None,
    other: models.With = None,
    compare: models.Compare = None,
    word: models.Word = None,
    save: files.SaveFile = None,
    saved: files.FromFile = None,
    strict: what.Strict = False,
    teach: what.Teach = False,
    lang: what.Lang = None,
    ablate: changes.Ablate = None,
    ablate_with: changes.AblateWith = "zero",
    scale: changes.Scale = None,
    patch: changes.Patch = None,
    patch_at: changes.PatchAt = None,
    temperature: next_token.Temperature = None,
    top_k_filter: next_token.TopKFilter = None,
    top_p: next_token.TopP = None,
    min_p: next_token.MinP = None,
    repetition_penalty: next_token.RepetitionPenalty = None,
    seed: Seed = None,
    device: Device = "auto",
    dtype: Dtype = "auto",
    threads: Threads = None,
    svg: files.SvgFile = None,
    png: files.PngFile = None,
    html: files.HtmlFile = None,
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
    looking = partial(
        Request,
        layers=parse_choice(layer, "layer"),
        heads=parse_choice(head, "head"),
        position=pos,
        top_k=top_k,
        window=parse_window(window) if window is not None else None,
        all_keys=section is not None,
    )
    if saved is not None:
        explain_saved.refuse_model_options(ctx)
        request = looking(sections=asked_sections(section, False, strict, []), measure=measure)
        explain_saved.show_file(saved, request, section is not None, output)
        return
    if save is not None:
        explain_saved.refuse_unsaved(ctx, save)
    if fit_lens is not None:
        explain_lens.refuse_prompt(ctx, prompt, file, ids)
        opened = open_model(ctx, model, device, dtype, threads)
        explain_lens.fit_lens(opened, fit_lens, lens_steps, lens_file, seed, json)
        return
    explain_lens.refuse_file(ctx, lens, lens_file)
    explain_models.refuse_others(ctx, over, other, compare, word)
    nearest = None if neighbors is None else parse_word(neighbors)
    formula = None if analogy is None else parse_formula(analogy)
    named = [name for name, asked in (("neighbors", nearest), ("analogy", formula)) if asked]
    alone = bool(named) and not prompt and file is None and ids is None
    text = None if alone else prompt_text(prompt, file, ids, "explain")
    steps = explain_steps.asked_steps(steps, by_key, json)
    sampling = asked_sampling(temperature, top_k_filter, top_p, min_p, repetition_penalty)
    drawn = steps > 0 and sampling is not None and not sampling.greedy
    edits = edit_request(measure, ablate, ablate_with, scale, patch, patch_at)
    measure = grid_measure(measure, patch, patch_at)
    edited = edit_sections(edits, measure)
    request = looking(
        sections=asked_sections(section, bool(steps or alone or edited), strict, [*named, *edited]),
        measure=measure,
        sampling=sampling,
        steps=steps,
        seed=asked_seed(seed, drawn),
        neighbors=nearest,
        analogy=formula,
        edits=edits,
    )
    explain_partners.refuse_unshown(ctx, request)
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
        answer=token_named(language_model, answer, "--answer"),
        against=token_named(language_model, against, "--against"),
        edits=with_other(edits, language_model, patch),
    )
    if drawn:
        console.note(f"seed {request.seed}")
    read = words_ids(language_model, request) if alone else prompt_ids(language_model, text, ids)
    facts: Facts = {
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

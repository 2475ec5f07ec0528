"""`tfcli model`: models at hand, what they are, what they would cost, and moving them about."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tfcli.cli.model_export import export
from tfcli.cli.model_plan import plan
from tfcli.cli.options import Json
from tfcli.errors import UsageError

app = typer.Typer(
    help="Models: those at hand, what one is made of, its shapes, fetching and exporting.\n\n"
    "Examples:\n    tfcli model info runs/first\n    tfcli model plan gpt3-175b --heads 16"
)


@app.command("list")
def list_models(
    types: Annotated[
        bool,
        typer.Option("--types", help="The model types that can be run.", show_default=False),
    ] = False,
    presets: Annotated[
        bool,
        typer.Option("--presets", help="The presets of `model plan`.", show_default=False),
    ] = False,
    json: Json = False,
) -> None:
    """List the models at hand: runs in ./runs, and models that were pulled.

    Examples:
        tfcli model list
        tfcli model list --types
    """
    if types and presets:
        raise UsageError("Give --types or --presets, not both.")
    if types:
        _list_types(json)
    elif presets:
        _list_presets(json)
    else:
        _list_models(json)


def _list_types(json: bool) -> None:
    from tfcli.families import described_types
    from tfcli.view import console
    from tfcli.view.model_json import types_document
    from tfcli.view.model_list import type_lines
    from tfcli.view.stdout import pen, write

    found = described_types()
    if json:
        console.write_json(types_document(found))
        return
    drawing = pen()
    write(drawing, type_lines(drawing, found))


def _list_presets(json: bool) -> None:
    from tfcli.families.presets import all_presets
    from tfcli.view import console
    from tfcli.view.model_json import presets_document
    from tfcli.view.model_list import preset_lines
    from tfcli.view.stdout import pen, write

    found = all_presets()
    if json:
        console.write_json(presets_document(found))
        return
    drawing = pen()
    write(drawing, preset_lines(drawing, found))
    console.note("One of them in full: tfcli model plan gpt3-175b")


def _list_models(json: bool) -> None:
    from tfcli.checkpoint.at_hand import models_at_hand
    from tfcli.view import console
    from tfcli.view.model_json import list_document
    from tfcli.view.model_list import list_lines
    from tfcli.view.stdout import pen, write

    models = models_at_hand()
    if json:
        console.write_json(list_document(models))
        return
    if models:
        drawing = pen()
        write(drawing, list_lines(drawing, models))
        console.note(f"More of one: tfcli model info {models[0].name}")
        return
    console.note("There is no model yet: ./runs holds none, and none was pulled. Try:")
    console.note("  tfcli train --minutes 3")
    console.note("  tfcli model pull HuggingFaceTB/SmolLM2-135M-Instruct")


@app.command("info")
def info(
    model: Annotated[
        str | None,
        typer.Argument(
            metavar="RUN|FILE",
            help="A run, a model directory, a GGUF file, a config.json, or a pulled model's name.",
            show_default="the newest run in ./runs",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Say what a model is: architecture, sizes, parameters by module, memory, tokenizer, files.

    The weights are not loaded, so it takes no longer for a large model than for a small one.

    Examples:
        tfcli model info runs/first
        tfcli model info SmolLM2.gguf --json
    """
    from tfcli.checkpoint.facts import open_tokenizer, read_facts
    from tfcli.errors import CheckpointError
    from tfcli.view import console
    from tfcli.view.model_info import Described, info_lines
    from tfcli.view.model_json import info_document
    from tfcli.view.stdout import pen, write

    facts = read_facts(model)
    try:
        described = Described(facts, open_tokenizer(facts))
    except CheckpointError as error:
        described = Described(facts, None, error.message)
    if json:
        console.write_json(info_document(described))
        return
    drawing = pen()
    write(drawing, info_lines(drawing, described))
    if facts.form != "config.json":
        console.note(f"Its tensors' shapes: tfcli model plan {facts.path}")


app.command("plan")(plan)


@app.command("pull")
def pull(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="OWNER/MODEL on the hub.", show_default=False)
    ],
    revision: Annotated[
        str | None,
        typer.Option(
            "--revision", metavar="NAME", help="A branch, a tag or a commit.", show_default="main"
        ),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            "--file",
            metavar="NAME.gguf",
            help="One GGUF file of several.",
            show_default="safetensors where there are any",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="The folder.", show_default="one in the cache"),
    ] = None,
    json: Json = False,
) -> None:
    """Fetch a model from the Hugging Face hub. What has come already is not fetched again.

    It prints where the model is. In the cache it is found by its name: `--model OWNER/MODEL`.
    HF_ENDPOINT names another hub, HF_TOKEN opens what is private.

    Examples:
        tfcli model pull HuggingFaceTB/SmolLM2-135M-Instruct
        tfcli model pull Qwen/Qwen3-0.6B-GGUF --file Qwen3-0.6B-Q8_0.gguf
    """
    from tfcli.checkpoint.hub.pull import pull as pull_model
    from tfcli.view import console
    from tfcli.view.model_json import result_document
    from tfcli.view.pull import PullView

    view = PullView()
    try:
        pulled = pull_model(name, revision, to, file, view.show)
    finally:
        view.close()
    if json:
        facts: dict[str, Any] = {
            "path": str(pulled.path),
            "name": pulled.name,
            "revision": pulled.revision,
            "commit": pulled.commit,
            "files": list(pulled.files),
            "bytes": pulled.bytes,
        }
        console.write_json(result_document("pull", facts))
    else:
        console.write_line(console.printable(str(pulled.path)))
    named = name if to is None and revision is None else str(pulled.path)
    console.note(f'Try: tfcli generate "The cat" --model {named}')
    console.note(f"     tfcli model info {named}")


app.command("export")(export)

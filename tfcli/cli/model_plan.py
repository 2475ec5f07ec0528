"""`tfcli model plan`: the shapes of a forward pass of any size, without any memory."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tfcli.cli.options import Json
from tfcli.errors import TfcliError, UsageError

if TYPE_CHECKING:
    from tfcli.model.config import ModelConfig
    from tfcli.model.forward_shapes import ForwardShapes

_LARGEST = 1_000_000_000
_MOST_LAYERS, _MOST_LAYERS_RUN = 100_000, 1000
_TOKENS = 2048


def _size(flag: str, words: str, most: int = _LARGEST) -> Any:
    return typer.Option(
        flag,
        metavar="N",
        min=1,
        max=most,
        help=words,
        show_default=False,
        rich_help_panel="Sizes",
    )


def plan(
    config: Annotated[
        str,
        typer.Argument(
            metavar="PRESET|FILE",
            help="A preset (gpt3-175b, llama-3-8b, …), a config.json, a GGUF file, a run, a model "
            "directory, or a pulled model's name.",
            show_default=False,
        ),
    ],
    layers: Annotated[int | None, _size("--layers", "Blocks.", _MOST_LAYERS)] = None,
    heads: Annotated[int | None, _size("--heads", "Query heads in each block.")] = None,
    kv_heads: Annotated[int | None, _size("--kv-heads", "Key/value heads.")] = None,
    head_dim: Annotated[
        int | None, _size("--head-dim", "Width of a head; else the width is shared out.")
    ] = None,
    hidden_size: Annotated[int | None, _size("--hidden-size", "Width.")] = None,
    intermediate_size: Annotated[
        int | None, _size("--intermediate-size", "Inner width of the feed-forward module.")
    ] = None,
    vocab_size: Annotated[int | None, _size("--vocab-size", "Token ids.")] = None,
    tokens: Annotated[
        int | None,
        typer.Option(
            "--tokens",
            metavar="T",
            min=1,
            max=_LARGEST,
            help="Tokens in each text.",
            show_default="the context, at most 2048",
        ),
    ] = None,
    source_tokens: Annotated[
        int | None,
        typer.Option(
            "--source-tokens",
            metavar="S",
            min=1,
            max=_LARGEST,
            help="Tokens that the encoder of an encoder-decoder reads.",
            show_default="as --tokens",
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option("--batch", metavar="B", min=1, max=_LARGEST, help="Texts at once.")
    ] = 1,
    dtype: Annotated[
        Literal["float64", "float32", "bfloat16", "float16"],
        typer.Option("--dtype", help="The numbers to count memory in."),
    ] = "bfloat16",
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Build the model on PyTorch's meta device, run it, and compare every shape.",
            show_default=False,
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Show every tensor's shape in a forward pass, and what a model of this size costs.

    Shapes follow from the configuration, so nothing is allocated: GPT-3 takes no longer than
    GPT-2. Its width of 12288 in 96 heads makes V 128 wide in each; with --heads 16 it is 768.

    Examples:
        tfcli model plan gpt3-175b
        tfcli model plan gpt3-175b --heads 16
        tfcli model plan my-config.json --layers 12 --tokens 512 --json
    """
    from tfcli.model.forward_shapes import forward_shapes
    from tfcli.model.resize import NewSizes, resized
    from tfcli.view import console
    from tfcli.view.model_json import plan_document
    from tfcli.view.model_plan import Planned, plan_lines
    from tfcli.view.stdout import pen, write

    model_type, found = _configuration(config)
    sizes = NewSizes(layers, heads, kv_heads, head_dim, hidden_size, intermediate_size, vocab_size)
    changed = resized(found, sizes)
    length = tokens or _length(changed)
    if source_tokens is not None and changed.encoder is None:
        raise UsageError("--source-tokens is for a model with an encoder beside a decoder.")
    shapes = forward_shapes(changed, batch, length, source_tokens)
    checked = _check(shapes) if check else None
    planned = Planned(config, model_type, shapes, dtype, _changes(sizes))
    if json:
        console.write_json(plan_document(planned))
    else:
        drawing = pen()
        write(drawing, plan_lines(drawing, planned))
    if checked is not None:
        console.note(checked)


def _configuration(name: str) -> tuple[str, "ModelConfig"]:
    """The model type and the configuration of a preset, a file or a model."""
    from tfcli.families.presets import no_preset, preset

    known = preset(name)
    if known is not None and not Path(name).exists():
        return known
    from tfcli.checkpoint.facts import read_facts
    from tfcli.errors import NotFoundError

    try:
        facts = read_facts(name)
    except NotFoundError:
        if Path(name).exists() or "/" in name:
            raise
        raise no_preset(name) from None
    return facts.family.MODEL_TYPE, facts.config


def _length(config: "ModelConfig") -> int:
    return min(config.max_position_embeddings, _TOKENS)


def _changes(sizes: object) -> tuple[str, ...]:
    """The sizes that were chosen, in the words of their options."""
    words = {
        "num_layers": "{} layers",
        "num_heads": "{} heads",
        "num_kv_heads": "{} key/value heads",
        "head_dim": "heads {} wide",
        "hidden_size": "width {}",
        "intermediate_size": "inner width {}",
        "vocab_size": "{} token ids",
    }
    chosen = {name: getattr(sizes, name) for name in words}
    return tuple(
        words[name].format(f"{value:,}") for name, value in chosen.items() if value is not None
    )


def _check(shapes: "ForwardShapes") -> str:
    """Run it on the meta device. TfcliError where a shape is another one than was planned."""
    sides = (shapes.config, shapes.config.encoder)
    if any(side is not None and side.num_layers > _MOST_LAYERS_RUN for side in sides):
        raise UsageError(f"--check runs models of at most {_MOST_LAYERS_RUN:,} layers.")
    from tfcli.view import console

    with console.busy("Running it on the meta device"):
        from tfcli.checkpoint.meta_check import check_on_meta

        found = check_on_meta(shapes)
    if found.differences:
        shown = "\n".join(f"  {difference}" for difference in found.differences[:10])
        raise TfcliError(
            f"{len(found.differences)} of {found.tensors + found.parameters} shapes are not as "
            f"planned, which is a fault of tfcli:\n{shown}"
        )
    return (
        f"Checked: {found.parameters:,} parameters and {found.tensors:,} tensors have the same "
        "shapes on PyTorch's meta device."
    )

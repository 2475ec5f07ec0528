"""What a model is, without loading it: its configuration, and what its files say of themselves."""

import dataclasses
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfcli.checkpoint.chat_template_files import read_chat_template_files
from tfcli.checkpoint.config_file import config_of, naming, read_config
from tfcli.checkpoint.files import readable
from tfcli.checkpoint.generation import GenerationDefaults, read_generation
from tfcli.checkpoint.gguf.header import open_header
from tfcli.checkpoint.locate import locate_model
from tfcli.checkpoint.manifest import read_manifest
from tfcli.checkpoint.weight_headers import StoredTensor, alike, gguf_tensors, stored_tensors
from tfcli.errors import NotFoundError
from tfcli.families import Family, family
from tfcli.model.config import ModelConfig

if TYPE_CHECKING:
    from tfcli_tokenizer import Tokenizer

_CONFIG = "config.json"


@dataclass(frozen=True)
class StoredWeights:
    """The weights as the files hold them.

    Attributes:
        bytes: of all tensors.
        elements: how many numbers there are of each element type, the most frequent type first.
    """

    bytes: int
    elements: Mapping[str, int]


@dataclass(frozen=True)
class ModelFacts:
    """A model that was not loaded.

    Attributes:
        path: its directory or GGUF file, or the config.json that is all there is.
        family: in whose form it is stored.
        config: as loading it gives it: of an output matrix that is the embedding, and of a head
            that is not there, the files decide.
        fields: what its config.json says.
        weights: None where there are none.
        files: names and bytes of the files, in alphabetical order.
        training: what `tfcli train` recorded about it, else None.
        chat_template: the file that holds one, else None.
    """

    path: Path
    family: Family
    config: ModelConfig
    fields: Mapping[str, Any]
    weights: StoredWeights | None
    files: tuple[tuple[str, int], ...]
    training: Mapping[str, Any] | None
    generation: GenerationDefaults
    chat_template: str | None

    @property
    def form(self) -> str:
        """What it is stored as: "directory", "GGUF" or "config.json"."""
        if self.weights is None and self.path.suffix == ".json":
            return _CONFIG
        return "GGUF" if self.path.is_file() else "directory"


def read_facts(source: str | None) -> ModelFacts:
    """The facts of a run, a model directory, a GGUF file, a pulled model, or a config.json.

    Args:
        source: as for `locate_model`.

    Raises:
        NotFoundError: there is no model there.
        CheckpointError: a file is damaged, or of a type that cannot be run; it is named.
    """
    path = Path(source) if source else None
    if path is None or not path.is_file() or path.suffix not in (".json", ".gguf"):
        path = locate_model(source).path
    if path.is_dir():
        return _of_directory(path)
    return _of_config(path) if path.suffix == ".json" else _of_gguf(path)


def open_tokenizer(facts: ModelFacts) -> "Tokenizer | None":
    """The model's tokenizer, or None. CheckpointError where it is damaged."""
    from tfcli_tokenizer import load_tokenizer
    from tfcli_tokenizer.gguf import read_tokenizer

    if facts.form == _CONFIG:
        return None
    if facts.form == "GGUF":
        with naming(facts.path):
            return read_tokenizer(open_header(facts.path).metadata, facts.path)
    try:
        with readable(facts.path):
            return load_tokenizer(facts.path)
    except NotFoundError:
        return None


def _of_config(path: Path) -> ModelFacts:
    model_family, config, fields = read_config(path)
    files = ((path.name, path.stat().st_size),)
    return ModelFacts(
        path, model_family, config, fields, None, files, None, GenerationDefaults(), None
    )


def _of_directory(path: Path) -> ModelFacts:
    model_family, config, fields = read_config(path / _CONFIG)
    manifest = read_manifest(path)
    training = (manifest or {}).get("training")
    tensors = stored_tensors(path)
    template = read_chat_template_files(path)
    with readable(path):
        files = tuple((f.name, f.stat().st_size) for f in sorted(path.iterdir()) if f.is_file())
    untied = fields.get("tie_word_embeddings") is False
    return ModelFacts(
        path=path,
        family=model_family,
        config=_as_loaded(config, model_family, tensors, untied),
        fields=fields,
        weights=_weights(tensors),
        files=files,
        training=training if isinstance(training, dict) and training else None,
        generation=read_generation(path, fields),
        chat_template=template.path.name if template is not None else None,
    )


def _of_gguf(path: Path) -> ModelFacts:
    from tfcli_tokenizer.gguf import end_ids

    from tfcli.checkpoint.gguf.config import read_config as read_gguf_config
    from tfcli.checkpoint.gguf.config import rope_factors

    with naming(path):
        header = open_header(path)
        fields = read_gguf_config(header, rope_factors(path, header))
        model_family = family(str(fields["model_type"]))
        config = config_of(model_family, fields)
    tensors = gguf_tensors(path, header)
    head, embedding = tensors.get("output.weight"), tensors.get("token_embd.weight")
    if head is not None and embedding is not None:
        config = dataclasses.replace(config, tie_embeddings=alike(head, embedding))
    template = header.metadata.get("tokenizer.chat_template")
    return ModelFacts(
        path=path,
        family=model_family,
        config=config,
        fields=fields,
        weights=_weights(tensors),
        files=((path.name, path.stat().st_size),),
        training=None,
        generation=GenerationDefaults(eos_ids=end_ids(header.metadata)),
        chat_template=path.name if isinstance(template, str) else None,
    )


def _as_loaded(
    config: ModelConfig, model_family: Family, tensors: Mapping[str, StoredTensor], untied: bool
) -> ModelConfig:
    """The configuration with what the files decide, as the loader has it."""
    if not tensors or not config.head:
        return config
    transform = _stored(tensors, model_family, config, "head_transform.dense.weight")
    if config.head_transform and transform is None:
        return dataclasses.replace(config, head=False, head_transform=False, head_bias=False)
    if untied:
        return dataclasses.replace(config, tie_embeddings=False)
    head = _stored(tensors, model_family, config, "head.weight")
    embedding = _stored(tensors, model_family, config, "embedding.weight")
    one = head is None or embedding is None or alike(head, embedding)
    return dataclasses.replace(config, tie_embeddings=one)


def _stored(
    tensors: Mapping[str, StoredTensor], model_family: Family, config: ModelConfig, ours: str
) -> StoredTensor | None:
    """The stored tensor that is our parameter `ours`, which stands outside the blocks."""
    chosen = getattr(model_family, "rules", None)
    rules = model_family.RULES if chosen is None else chosen(config)
    prefix = getattr(model_family, "PREFIX", "")
    for outside, rule in rules.items():
        target = rule if isinstance(rule, str) else rule[0]
        for kind in ("weight", "bias"):
            if target.replace("{w}", kind) != ours:
                continue
            name = outside.replace("{w}", kind)
            found = tensors.get(name) or tensors.get(name.removeprefix(prefix))
            if found is not None:
                return found
    return None


def _weights(tensors: Mapping[str, StoredTensor]) -> StoredWeights | None:
    if not tensors:
        return None
    counted: Counter[str] = Counter()
    for tensor in tensors.values():
        counted[tensor.type] += tensor.elements
    return StoredWeights(sum(t.size for t in tensors.values()), dict(counted.most_common()))

"""Build the core's modules and fill them from files of weights, one tensor at a time.

The model is made without memory; each tensor goes from the file to its place, in the device and
dtype asked for, so the peak is the model's size and one tensor.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from tfcli.checkpoint.config_file import naming
from tfcli.checkpoint.mapping import Part, Target, find_target, outside_name, split_tensor
from tfcli.checkpoint.weight_files import index_of
from tfcli.checkpoint.weights import WeightFile
from tfcli.errors import CheckpointError
from tfcli.families import Family
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

_HEAD = ("head.", "head_transform.")
_ENCODER_EMBEDDING = "encoder.embedding.weight"
_MAY_BE_OWN = ("head.weight", _ENCODER_EMBEDDING)
# Which expert is chosen turns on small differences, so these are kept as they are saved.
_KEPT_WIDE = "router.correction"


def build_model(
    config_file: Path,
    config: ModelConfig,
    model_family: Family,
    files: Sequence[WeightFile],
    device: torch.device,
    dtype: torch.dtype | None,
    untied: bool = False,
) -> Transformer:
    """The model with the files' weights, in evaluation mode.

    Args:
        config_file: for messages.
        dtype: element type of the weights; None keeps the file's.
        untied: the configuration says outright that the output matrix is its own.

    Raises:
        CheckpointError: a tensor is missing, unknown, or of another shape; it is named.
    """
    count = sum(len(file.names()) for file in files)
    for side in (config, config.encoder):
        # a config that lies must not make us build a million blocks
        if side is not None and side.num_layers > count:
            raise CheckpointError(
                f"{config_file} says {side.num_layers:,} layers, but the weights hold only "
                f"{count} tensors."
            )
    filling = _Filling(config_file, config, model_family, device, dtype)
    for file in files:
        with naming(file.path):
            filling.fill(file)
    return filling.finished(index_of(config_file.parent) or files[0].path, untied)


class _Filling:
    """A model under way: parameters on no device, and the tensors that will take their places."""

    def __init__(
        self,
        config_file: Path,
        config: ModelConfig,
        model_family: Family,
        device: torch.device,
        dtype: torch.dtype | None,
    ) -> None:
        self.config_file, self.config, self.family = config_file, config, model_family
        self.device, self.dtype = device, dtype
        self.model = empty_model(config_file, config)
        parameters = dict(self.model.named_parameters(remove_duplicate=False))
        self.shapes = {name: p.shape for name, p in parameters.items()}
        first: dict[int, str] = {}
        # a shared parameter has the name that is met first; these may turn out their own
        self.alias = {
            name: name if name in _MAY_BE_OWN else first.setdefault(id(p), name)
            for name, p in parameters.items()
        }
        self.loaded: dict[str, Tensor] = {}
        self.origins: dict[str, str] = {}  # the outside names that they have
        self.slices: dict[str, set[int]] = {}  # of parameters that come expert by expert

    def fill(self, file: WeightFile) -> None:
        """Put the tensors of one file where they belong, under our names."""
        targets = {name: find_target(self.family, name, self.config) for name in file.names()}
        for name, target in targets.items():
            if target is None:
                continue
            tensor = file.read(name)
            if not tensor.numel():
                continue  # of a part that has no width, such as no shared experts
            if not tensor.is_floating_point():
                raise CheckpointError(
                    f"its tensor “{name}” is {str(tensor.dtype).removeprefix('torch.')}; quantised "
                    "weights are not supported."
                )
            self._place(name, tensor, target)
            if not self._keeps(tensor, target):
                file.forget(name)

    def finished(self, index: Path, untied: bool) -> Transformer:
        """The model, once every parameter has its tensor."""
        self._fill_optional()
        if not untied:
            self._tie()
        self._share()
        missing = self._missing()
        own = {n for n in self.shapes if n.startswith(_HEAD)} - {"head.weight"}
        if self.config.head_transform and own <= set(missing) <= own | {"head.weight"}:
            headless = dataclasses.replace(
                self.config, head=False, head_transform=False, head_bias=False
            )
            self.model = empty_model(self.config_file, headless)
            missing = []
        if missing:
            first = outside_name(self.family, missing[0], self.config)
            raise CheckpointError(
                f"{index}: the weights lack {len(missing)} of {len(self.shapes)} tensors that "
                f"{self.config_file.name} asks for, the first “{first}”."
            )
        config = self.model.config
        head, embedding = self.loaded.get("head.weight"), self.loaded["embedding.weight"]
        shared = self.loaded.get(_ENCODER_EMBEDDING) is embedding
        if config.head and config.tie_embeddings != (head is embedding):
            config = dataclasses.replace(config, tie_embeddings=head is embedding)
        if config.share_embeddings and not shared:
            config = dataclasses.replace(config, share_embeddings=False)
        if config != self.model.config:
            self.model = empty_model(self.config_file, config)
        return self._assigned()

    def _place(self, name: str, tensor: Tensor, target: Target) -> None:
        pieces = split_tensor(name, tensor, target, self.shapes, self.config.num_heads)
        for part, piece in pieces:
            ours = self.alias[part.name]
            dtype = self._dtype_of(ours, piece)
            if part.expert is not None:
                self._place_slice(ours, part, piece, dtype)
                continue
            placed = piece.to(device=self.device, dtype=dtype).contiguous()
            if placed.untyped_storage().nbytes() > placed.nbytes:
                placed = placed.clone()  # a part must not keep the whole that it was cut from
            if not self._gives_way(name, ours, placed):
                self.loaded[ours], self.origins[ours] = placed, name

    def _gives_way(self, name: str, ours: str, placed: Tensor) -> bool:
        """Whether another tensor of the file stands for this parameter already, and counts."""
        before, overriding = self.loaded.get(ours), getattr(self.family, "OVERRIDING", ())
        if before is None or torch.equal(before, placed) or name in overriding:
            return False
        if self.origins[ours] in overriding:
            return True
        raise CheckpointError(
            f"its tensor “{name}” differs from another that stands for the same thing."
        )

    def _keeps(self, tensor: Tensor, target: Target) -> bool:
        """Whether the model uses the file's own memory of a tensor."""
        kept = [self.loaded.get(self.alias[part.name]) for part in target.parts]
        return any(
            placed is not None
            and placed.device == tensor.device
            and placed.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()
            for placed in kept
        )

    def _place_slice(self, ours: str, part: Part, piece: Tensor, dtype: torch.dtype) -> None:
        assert part.expert is not None
        shape = self.shapes[ours]
        if part.expert >= shape[0]:
            raise CheckpointError(f"it holds expert {part.expert}; config.json says {shape[0]}.")
        if ours not in self.loaded:
            try:
                self.loaded[ours] = torch.empty(shape, device=self.device, dtype=dtype)
            except RuntimeError as error:
                raise CheckpointError(f"no memory holds {shape[0]} experts.") from error
            self.slices[ours] = set()
        if ours in self.slices:
            self.loaded[ours][part.expert].copy_(piece)
            self.slices[ours].add(part.expert)

    def _dtype_of(self, ours: str, piece: Tensor) -> torch.dtype:
        if self.dtype is None:
            return piece.dtype
        if ours.endswith(_KEPT_WIDE):
            return torch.promote_types(self.dtype, torch.float32)
        return self.dtype

    def _fill_optional(self) -> None:
        """Zeros for what files of the family may leave out."""
        for name in getattr(self.family, "OPTIONAL", ()):
            if name in self.shapes and name not in self.loaded:
                dtype = self.dtype or next((t.dtype for t in self.loaded.values()), None)
                zeros = torch.zeros(self.shapes[name], device=self.device, dtype=dtype)
                self.loaded[name] = zeros

    def _missing(self) -> list[str]:
        partly = {name for name, found in self.slices.items() if len(found) < self.shapes[name][0]}
        return sorted({*self.alias.values()} - (self.loaded.keys() - partly))

    def _tie(self) -> None:
        """Let output and embedding be one matrix, unless the file has two that differ.

        Configurations err here (a class default stands for the file), so the file decides, as it
        does in transformers.
        """
        if "head.weight" not in self.shapes:
            return
        head, embedding = self.loaded.get("head.weight"), self.loaded.get("embedding.weight")
        one = embedding if embedding is not None else head
        if one is not None and (head is None or embedding is None or torch.equal(head, embedding)):
            self.loaded["head.weight"] = self.loaded["embedding.weight"] = one

    def _share(self) -> None:
        """Let encoder and decoder have one embedding, unless the file has two that differ."""
        if not self.config.share_embeddings:
            return
        embedding, own = self.loaded.get("embedding.weight"), self.loaded.get(_ENCODER_EMBEDDING)
        if embedding is not None and (own is None or torch.equal(own, embedding)):
            self.loaded[_ENCODER_EMBEDDING] = embedding

    def _assigned(self) -> Transformer:
        places = dict(self.model.named_parameters(remove_duplicate=False))
        for name in places:
            module_name, _, leaf = name.rpartition(".")
            tensor = self.loaded[self.alias[name]]
            trainable = not name.endswith(_KEPT_WIDE)
            parameter = nn.Parameter(tensor, requires_grad=trainable)
            setattr(self.model.get_submodule(module_name), leaf, parameter)
        config = self.model.config
        if self.model.encoder is not None and config.share_embeddings:
            self.model.encoder.embedding.weight = self.model.embedding.weight
        if config.tie_embeddings and self.model.head is not None:
            self.model.head.weight = self.model.embedding.weight
        return self.model.eval()


def empty_model(config_file: Path, config: ModelConfig) -> Transformer:
    """The model without memory for its weights, on the meta device."""
    try:
        with torch.device("meta"), _WithoutDraws():
            return Transformer(config)
    except (RuntimeError, TypeError, ValueError, OverflowError, MemoryError) as error:
        raise CheckpointError(f"{config_file} asks for matrices that no memory holds.") from error


class _WithoutDraws(TorchFunctionMode):
    """Leave out the first values of new weights, which the file's replace.

    On the meta device they cost more than all the rest of the loading: PyTorch imports its
    compiler for them, which takes longer than importing PyTorch.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run what is called, unless it is one of torch.nn.init."""
        if getattr(func, "__module__", None) == "torch.nn.init":
            return args[0] if args else (kwargs or {})["tensor"]
        return func(*args, **(kwargs or {}))

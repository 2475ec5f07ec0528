"""Mixtral: Mistral with eight experts a block, two of which each token is sent to."""

from collections.abc import Mapping
from typing import Any

from tfcli.families import decoder
from tfcli.families.decoder import IGNORED, PREFIX, expert_rules, fields
from tfcli.families.fields import experts_of, read_names, write_names
from tfcli.families.mistral import DEFAULTS
from tfcli.model.config import Experts, ModelConfig

__all__ = ["IGNORED", "PREFIX"]
MODEL_TYPE = "mixtral"
ARCHITECTURE = "MixtralForCausalLM"
RULES = {
    **decoder.ENDS,
    **decoder.ATTENTION,
    **decoder.NORMS,
    **expert_rules("block_sparse_moe", names=("w1", "w3", "w2")),
    "model.layers.{i}.mlp.gate.weight": "blocks.{i}.feed_forward.router.weight",
}
_NAMES = {"num_local_experts": "count", "num_experts_per_tok": "chosen"}
_SIZES = {"num_local_experts": 8, "num_experts_per_tok": 2}


def read_config(hf: Mapping[str, Any]) -> ModelConfig:
    """Read a Mixtral config.json."""
    f = fields(hf, **DEFAULTS, **_SIZES, rms_norm_eps=1e-5)
    experts = Experts(
        **read_names(f, Experts, {**_NAMES, "intermediate_size": "intermediate_size"}),
        layers=tuple(range(f.layers())),
        normalise=True,
    )
    windows = f.windows(lambda layer: True, listed=False)
    return decoder.read_decoder(f, experts=experts, rope_options={"theta": 1e6}, **windows)


def write_config(config: ModelConfig) -> dict[str, Any]:
    """Write a Mixtral config.json."""
    experts = write_names(experts_of(config), _NAMES)
    return decoder.write_decoder(config, **experts, sliding_window=config.window or None)

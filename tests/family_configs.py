"""A configuration of every family and of every switch that one has, without transformers."""

from functools import cache

from parity import decoder_variants, encoder_variants, expert_variants
from parity.chatglm_layout import chatglm_config

from tfcli.families import family
from tfcli.model.config import ModelConfig

_VARIANTS = {
    **decoder_variants.VARIANTS,
    **encoder_variants.VARIANTS,
    **expert_variants.VARIANTS,
}
NAMES = sorted(_VARIANTS)


def family_of(name: str) -> str:
    """The model type of a variant."""
    return _VARIANTS[name].family


@cache
def config_of(name: str) -> ModelConfig:
    """A variant's configuration, as its config.json means it."""
    variant = _VARIANTS[name]
    fields = chatglm_config(variant.config) if variant.family == "chatglm" else variant.config
    return family(variant.family).read_config(dict(fields))

"""What BART and Marian share: an encoder and a decoder with norms after each sum."""

from typing import Any

from tfcli.errors import CheckpointError
from tfcli.families.fields import Fields, activation_name
from tfcli.model.config import ModelConfig

Rules = dict[str, str | tuple[str, str]]


OVERRIDING = ("model.decoder.embed_tokens.weight",)


def rules_of(shared: bool) -> Rules:
    """Names of both sides' tensors.

    Args:
        shared: an embedding matrix has a name of its own, beside those of the sides.
    """
    ends: Rules = {
        "model.encoder.embed_tokens.weight": "encoder.embedding.weight",
        "model.decoder.embed_tokens.weight": "embedding.weight",
        "lm_head.weight": "head.weight",
        "final_logits_bias": ("head.bias", "flat"),
    }
    first: Rules = {"model.shared.weight": "embedding.weight"} if shared else {}
    return {**first, **ends, **_side("encoder"), **_side("decoder")}


def _side(side: str) -> Rules:
    ours = "encoder." if side == "encoder" else ""
    layer, to = f"model.{side}.layers.{{i}}.", f"{ours}blocks.{{i}}."
    rules: Rules = {
        f"model.{side}.embed_positions.weight": f"{ours}position_embedding.weight",
        f"model.{side}.layernorm_embedding.{{w}}": f"{ours}embedding_norm.{{w}}",
    }
    attentions = {"self_attn": ("attention", "attention")}
    if side == "decoder":
        attentions["encoder_attn"] = ("cross_attention", "cross")
    for theirs, (module, norm) in attentions.items():
        for name, own in (("q_proj", "q"), ("k_proj", "k"), ("v_proj", "v"), ("out_proj", "o")):
            rules[f"{layer}{theirs}.{name}.{{w}}"] = f"{to}{module}.{own}.{{w}}"
        rules[f"{layer}{theirs}_layer_norm.{{w}}"] = f"{to}{norm}_post_norm.{{w}}"
    rules[f"{layer}fc1.{{w}}"] = f"{to}feed_forward.up.{{w}}"
    rules[f"{layer}fc2.{{w}}"] = f"{to}feed_forward.down.{{w}}"
    rules[f"{layer}final_layer_norm.{{w}}"] = f"{to}feed_forward_post_norm.{{w}}"
    return rules


def read_pair(f: Fields, decoder_vocab: int | None = None, **fixed: Any) -> ModelConfig:
    """The fields of both sides.

    Args:
        decoder_vocab: the decoder's number of token ids, where it has its own.
        fixed: what the family sets, by ModelConfig's names, for both sides.
    """
    width, scaled = f.whole("d_model", least=1), f.flag("scale_embedding")
    share = fixed.pop("share_embeddings", True)
    both = {
        "hidden_size": width,
        "max_position_embeddings": f.get("max_position_embeddings", 1024),
        "norm": "layer",
        "norm_eps": 1e-5,
        "pre_norm": False,
        "post_norm": True,
        "final_norm": False,
        "qkv_bias": True,
        "output_bias": True,
        "activation": f.activation("activation_function"),
        "gated": False,
        "feed_forward_bias": True,
        "embedding_scale": width**0.5 if scaled else 1.0,
        **fixed,
    }

    def side(name: str) -> dict[str, Any]:
        heads = f.whole(f"{name}_attention_heads", least=1)
        return {
            "num_layers": f.whole(f"{name}_layers", least=1),
            "num_heads": heads,
            "num_kv_heads": heads,
            "head_dim": width // heads,
            "intermediate_size": f[f"{name}_ffn_dim"],
            **both,
        }

    vocab = f["vocab_size"]
    encoder = ModelConfig(vocab_size=vocab, architecture="encoder", head=False, **side("encoder"))
    return ModelConfig(
        vocab_size=vocab if decoder_vocab is None else decoder_vocab,
        architecture="encoder-decoder",
        encoder=encoder,
        share_embeddings=share,
        head_bias=True,
        tie_embeddings=f.flag("tie_word_embeddings", True),
        **side("decoder"),
    )


def write_pair(config: ModelConfig) -> dict[str, Any]:
    """The fields that `read_pair` reads."""
    encoder = config.encoder
    if encoder is None:
        raise CheckpointError("This model has no encoder beside a decoder.")
    sides = {
        f"{name}_{field}": value
        for name, side in (("encoder", encoder), ("decoder", config))
        for field, value in (
            ("layers", side.num_layers),
            ("attention_heads", side.num_heads),
            ("ffn_dim", side.intermediate_size),
        )
    }
    return {
        "is_encoder_decoder": True,
        "vocab_size": encoder.vocab_size,
        "d_model": config.hidden_size,
        "max_position_embeddings": config.max_position_embeddings,
        "activation_function": activation_name(config.activation),
        "scale_embedding": config.embedding_scale != 1,
        "tie_word_embeddings": config.tie_embeddings,
        "dropout": 0.0,
        **sides,
    }

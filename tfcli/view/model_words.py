"""An architecture in words, from its configuration alone."""

from tfcli.model.config import Experts, ModelConfig, Rope
from tfcli.view.model_lines import ranges

_NORMS = {"rms": "RMSNorm", "layer": "LayerNorm"}
_ACTIVATIONS = {
    "silu": "SiLU",
    "gelu": "GELU",
    "gelu_tanh": "GELU (tanh form)",
    "quick_gelu": "quick GELU",
    "relu": "ReLU",
    "relu2": "squared ReLU",
    "tanh": "tanh",
}
_GATED = {"silu": "SwiGLU", "gelu": "GeGLU", "gelu_tanh": "GeGLU (tanh form)", "relu": "ReGLU"}
_SCALINGS = {
    "linear": "positions divided by {factor:g}",
    "dynamic": "base grown with the length, × {factor:g} (dynamic NTK)",
    "yarn": "stretched × {factor:g} from {original:,} tokens (YaRN)",
    "llama3": "stretched × {factor:g} from {original:,} tokens (Llama 3.1)",
    "longrope": "own factors for each pair beyond {original:,} tokens (LongRoPE)",
    "factors": "own factors for each pair",
}


def architecture_words(config: ModelConfig) -> dict[str, str]:
    """What distinguishes the model, by part: blocks, norm, positions, attention, …"""
    words = {
        "blocks": _blocks(config),
        "norm": _norm(config),
        "positions": _positions(config),
        "attention": _attention(config),
        "feed-forward": _feed_forward(config),
    }
    if config.experts is not None:
        words["experts"] = _experts(config, config.experts)
    words["ends"] = _ends(config)
    return words


def kind_words(config: ModelConfig) -> str:
    """“decoder-only”, “encoder-only”, “encoder-decoder”."""
    return {"decoder": "decoder-only", "encoder": "encoder-only"}.get(
        config.architecture, config.architecture
    )


def heads_words(config: ModelConfig) -> str:
    """“12,288 wide = 96 heads × 128”, and who shares keys and values."""
    heads, dim, width = config.num_heads, config.head_dim, config.hidden_size
    if heads * dim == width:
        words = f"{width:,} wide = {heads:,} heads × {dim:,}"
    else:
        words = f"{heads:,} heads × {dim:,} = {heads * dim:,}, beside a width of {width:,}"
    if config.num_kv_heads != heads:
        words += (
            f"; {config.num_kv_heads:,} key/value heads, one for {config.kv_groups} query heads"
        )
    return words


def _blocks(config: ModelConfig) -> str:
    if config.encoder is not None:
        return (
            f"{config.encoder.num_layers} in the encoder, {config.num_layers} in the decoder, "
            "which also attend to the encoder's output"
        )
    order = "side by side" if config.parallel else "one after the other"
    return f"{config.num_layers}, attention and feed-forward {order}, each added to what it read"


def _norm(config: ModelConfig) -> str:
    places = []
    if config.pre_norm:
        places.append("before each module")
    if config.branch_norm:
        places.append("on what each module gives")
    if config.post_norm:
        places.append("after each sum")
    if config.embedding_norm:
        places.append("on the embeddings")
    if config.final_norm:
        places.append("at the end")
    plus = "; multiplies by 1 + w" if config.norm_plus_one else ""
    return f"{_NORMS[config.norm]} {_listed(places)}; eps {config.norm_eps:g}{plus}"


def _positions(config: ModelConfig) -> str:
    longest = config.max_position_embeddings
    match config.position:
        case "rope":
            words = f"rotary (RoPE), {_rope(config, config.rope)}"
            if config.window_rope is not None:
                words += f"; in layers with a window {_rope(config, config.window_rope)}"
            return words
        case "learned":
            return f"{longest:,} learned vectors, added to the embeddings"
        case "sinusoidal":
            return "sines and cosines, added to the embeddings"
        case "relative":
            return (
                f"a learned number for each head and {config.relative_buckets} buckets of "
                f"distances, up to {config.relative_max_distance}, added to the scores"
            )
        case _:
            return "none"


def _rope(config: ModelConfig, rope: Rope) -> str:
    words = f"base {rope.theta:,.0f}"
    whole = config.latent.rope_dim if config.latent else config.head_dim
    if config.rotary_dim != config.head_dim or rope.dim not in (0, whole):
        words += f", {config.rotary_dim} of a head's {config.head_dim} dimensions"
    if rope.interleaved:
        words += ", pairs side by side"
    if rope.scaling in _SCALINGS:
        words += ", " + _SCALINGS[rope.scaling].format(factor=rope.factor, original=rope.original)
    return words


def _attention(config: ModelConfig) -> str:
    words = ["causal" if config.causal else "every token sees every other"]
    words.append(f"{config.num_heads} heads × {config.head_dim}")
    if config.latent is not None:
        latent = config.latent
        words.append(f"keys and values from a latent of {latent.kv_rank} (MLA)")
        if latent.q_rank:
            words.append(f"queries from one of {latent.q_rank:,}")
    elif config.num_kv_heads == 1 and config.num_heads > 1:
        words.append("one key/value head for all (MQA)")
    elif config.num_kv_heads != config.num_heads:
        words.append(f"{config.kv_groups} share a key/value head (GQA)")
    if config.qk_norm != "none":
        place = "head by head" if config.qk_norm == "head" else "as a whole"
        words.append(f"queries and keys normed {place}")
    if config.window and config.window_layers:
        count = len(config.window_layers)
        which = "all layers" if count == config.num_layers else f"{count} of the layers"
        words.append(f"a window of {config.window:,} tokens in {which}")
    if config.attention_sinks:
        words.append("a sink in each head")
    if config.attention_softcap is not None:
        words.append(f"scores capped at {config.attention_softcap:g}")
    if config.attention_scale == 1:
        words.append("scores not divided by √d")
    elif config.attention_scale is not None:
        words.append(f"scores divided by √{config.attention_scale**-2:.6g}")
    words.append(_biases(config))
    return ", ".join(words)


def _biases(config: ModelConfig) -> str:
    if config.qkv_bias and config.output_bias:
        return "with biases"
    if config.qkv_bias:
        return "biases on q, k, v" if config.latent is None else "biases on the latents"
    return "bias on the output" if config.output_bias else "no biases"


def _feed_forward(config: ModelConfig) -> str:
    if config.experts is not None and len(config.experts.layers) == config.num_layers:
        return f"{_gate(config)}, in experts only"
    bias = "with biases" if config.feed_forward_bias else "no biases"
    ratio = config.intermediate_size / config.hidden_size
    words = f"{_gate(config)}, {config.intermediate_size:,} wide ({ratio:.3g} × the width), {bias}"
    if config.experts is not None:
        layers = [i for i in range(config.num_layers) if i not in set(config.experts.layers)]
        words += f", in {'layer' if len(layers) == 1 else 'layers'} {ranges(layers)}"
    return words


def _gate(config: ModelConfig) -> str:
    name = _ACTIVATIONS[config.activation]
    if not config.gated:
        return name
    return f"gated, {_GATED.get(config.activation, name + ' gate')}"


def _experts(config: ModelConfig, experts: Experts) -> str:
    score = {"sigmoid": "sigmoid", "softmax": "softmax", "topk_softmax": "softmax of the chosen"}
    words = [
        f"{experts.chosen} of {experts.count} for each token, {experts.intermediate_size:,} wide",
        f"router: {score[experts.score]}",
    ]
    if experts.groups > 1:
        words.append(f"from the best {experts.chosen_groups} of {experts.groups} groups")
    if experts.correction:
        words.append("chosen with a learned correction")
    if experts.shared_intermediate_size:
        gate = ", with a gate" if experts.shared_gate else ""
        words.append(f"one more for all tokens, {experts.shared_intermediate_size:,} wide{gate}")
    if experts.limit:
        words.append(f"gate and value held within {experts.limit:g}")
    if len(experts.layers) < config.num_layers:
        words.append(f"in layers {ranges(experts.layers)}")
    return ", ".join(words)


def _ends(config: ModelConfig) -> str:
    words = []
    if config.embedding_scale != 1:
        words.append(f"embeddings × {config.embedding_scale:.4g}")
    if config.token_types:
        words.append(f"{config.token_types} segment embeddings")
    if config.encoder is not None and config.share_embeddings:
        words.append("one embedding for both sides")
    if not config.head:
        return ", ".join([*words, "no output matrix: it gives vectors"])
    if config.head_transform:
        words.append("a dense layer and a norm before the output")
    if config.output_scale != 1:
        words.append(f"last vectors × {config.output_scale:.4g}")
    tied = "the output matrix is the embedding" if config.tie_embeddings else "an output matrix"
    words.append(tied + (" with a bias" if config.head_bias else ""))
    if config.logit_softcap is not None:
        words.append(f"logits capped at {config.logit_softcap:g}")
    return ", ".join(words)


def _listed(parts: list[str]) -> str:
    if len(parts) < 2:
        return "".join(parts) or "nowhere"
    return ", ".join(parts[:-1]) + " and " + parts[-1]

"""The same weights in TransformerLens: attention, lens and credits, and how far ours are from its.

`pip install "transformer-lens<4" && python benchmarks/references.py` builds a random model in
GPT-2's shape, in float64, loads its weights into a HookedTransformer and prints the largest error
of each measure relative to the largest number in it. TransformerLens's own tools give the other
side: `run_with_cache`, `accumulated_resid`, `decompose_resid`, `stack_head_results`, `logit_attrs`.
"""

import math

import torch
from torch import Tensor
from transformer_lens import (  # pyright: ignore[reportMissingImports]
    ActivationCache,
    HookedTransformer,
    HookedTransformerConfig,
)

from tfcli.explain.explanation import explain
from tfcli.explain.lens.logit import lens_logits
from tfcli.explain.request import SCREEN, Request
from tfcli.explain.result import Explanation
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

L, H, D, V, T, DTYPE = 4, 6, 96, 211, 40, torch.float64
ANSWER, AGAINST = 7, 30


def ours() -> Transformer:
    """A random model in which no weight is 0 or 1."""
    torch.manual_seed(0)
    config = ModelConfig(
        vocab_size=V,
        hidden_size=D,
        num_layers=L,
        num_heads=H,
        num_kv_heads=H,
        head_dim=D // H,
        intermediate_size=4 * D,
        max_position_embeddings=64,
        norm="layer",
        norm_eps=1e-5,
        position="learned",
        qkv_bias=True,
        output_bias=True,
        activation="gelu_tanh",
        gated=False,
        feed_forward_bias=True,
    )
    model = Transformer(config).to(DTYPE).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.2 * torch.randn_like(parameter) + (parameter.dim() == 1))
    return model


def theirs(model: Transformer) -> HookedTransformer:
    """The same weights in TransformerLens."""
    hooked = HookedTransformer(
        HookedTransformerConfig(
            n_layers=L,
            n_heads=H,
            d_model=D,
            d_head=D // H,
            d_mlp=4 * D,
            d_vocab=V,
            n_ctx=64,
            act_fn="gelu_new",
            normalization_type="LN",
            dtype=DTYPE,
            device="cpu",
        )
    ).to(DTYPE)  # before the weights come: whatever its configuration says, it is made in float32
    # its own load_and_process_state_dict would round them to float32
    left = hooked.load_state_dict(_weights(model), strict=False)
    assert not left.unexpected_keys and all("attn." in name for name in left.missing_keys), left
    return hooked


def _weights(model: Transformer) -> dict[str, Tensor]:
    """Our weights under the names and in the layout of a HookedTransformer.

    The last norm's γ and β go into the output matrix, for its credits hold the norm to be plain.
    """
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    gamma, beta = state["final_norm.weight"], state["final_norm.bias"]
    found = {
        "embed.W_E": state["embedding.weight"],
        "pos_embed.W_pos": state["position_embedding.weight"],
        "unembed.W_U": gamma[:, None] * state["embedding.weight"].T,
        "unembed.b_U": state["embedding.weight"] @ beta,
        "ln_final.w": torch.ones_like(gamma),
        "ln_final.b": torch.zeros_like(beta),
    }
    for i in range(L):
        block, name = f"blocks.{i}.", f"blocks.{i}.attention."
        for letter in "qkv":
            weight = state[f"{name}{letter}.weight"].view(H, D // H, D)
            found[f"{block}attn.W_{letter.upper()}"] = weight.transpose(1, 2).clone()
            found[f"{block}attn.b_{letter.upper()}"] = state[f"{name}{letter}.bias"].view(H, -1)
        found[f"{block}attn.W_O"] = state[f"{name}o.weight"].T.reshape(H, D // H, D).clone()
        found[f"{block}attn.b_O"] = state[f"{name}o.bias"]
        found[f"{block}mlp.W_in"] = state[f"{block}feed_forward.up.weight"].T.clone()
        found[f"{block}mlp.b_in"] = state[f"{block}feed_forward.up.bias"]
        found[f"{block}mlp.W_out"] = state[f"{block}feed_forward.down.weight"].T.clone()
        found[f"{block}mlp.b_out"] = state[f"{block}feed_forward.down.bias"]
        for number, norm in ((1, "attention_norm"), (2, "feed_forward_norm")):
            found[f"{block}ln{number}.w"] = state[f"{block}{norm}.weight"]
            found[f"{block}ln{number}.b"] = state[f"{block}{norm}.bias"]
    return found


@torch.inference_mode()
def errors() -> dict[str, float]:
    """The largest error of each measure, relative to the largest number in it."""
    model = ours()
    hooked = theirs(model)
    ids = torch.randint(0, V, (1, T))
    trace = model.trace(ids)
    logits, cache = hooked.run_with_cache(ids)
    assert trace.logits is not None
    pairs: dict[str, tuple[Tensor, Tensor]] = {
        "logits": (trace.logits, logits),
        "attention weights": (
            torch.stack([layer.attention.weights for layer in trace.layers]),
            torch.stack([cache["pattern", i] for i in range(L)]),
        ),
        "residual streams": (
            torch.stack([layer.residual_out for layer in trace.layers]),
            torch.stack([cache["resid_post", i] for i in range(L)]),
        ),
    }
    normed = torch.stack([hooked.ln_final(x) for x in _stream(cache)])
    pairs["logit lens"] = (lens_logits(model, trace, T - 1), hooked.unembed(normed))
    request = Request(sections=SCREEN, answer=ANSWER, measure="credit")
    for against, name in ((None, "logit"), (AGAINST, "difference of two logits")):
        found = explain(model, ids[0].tolist(), _with(request, against))
        parts, heads = _credits(found)
        stack = cache.decompose_resid(layer=-1, pos_slice=-1)
        by_head = cache.stack_head_results(layer=-1, pos_slice=-1)
        pairs[f"credit of modules, {name}"] = parts, _attributed(cache, stack, against)
        pairs[f"credit of heads, {name}"] = heads, _attributed(cache, by_head, against)
    return {name: float((a - b).abs().max() / b.abs().max()) for name, (a, b) in pairs.items()}


def _with(request: Request, against: int | None) -> Request:
    return Request(**{**vars(request), "against": against})


def _stream(cache: ActivationCache) -> Tensor:
    """The residual stream at the last position, from the embedding to the end [L + 1, D]."""
    return cache.accumulated_resid(layer=-1, incl_mid=False, pos_slice=-1)[:, 0]


def _attributed(cache: ActivationCache, stack: Tensor, against: int | None) -> Tensor:
    """Direct logit attribution by TransformerLens of components [n, 1, D] → [n]."""
    other = None if against is None else torch.tensor([against])
    tokens = torch.tensor([ANSWER])
    return cache.logit_attrs(stack, tokens=tokens, incorrect_tokens=other, pos_slice=-1)[:, 0]


def _credits(found: Explanation) -> tuple[Tensor, Tensor]:
    """Our credits in the order of decompose_resid, and of stack_head_results."""
    credit, grid = found.credit, found.heads
    assert credit is not None and credit.position is not None and grid is not None
    parts = [credit.embedding, credit.position]
    for layer in credit.layers:
        parts += [layer.attention, layer.feed_forward]
    heads = [math.nan if value is None else value for row in grid.values for value in row]
    return torch.tensor(parts, dtype=DTYPE), torch.tensor(heads, dtype=DTYPE)


def main() -> None:
    """Print the table."""
    print(f"{L} layers x {H} heads, width {D}, {T} tokens, {str(DTYPE).removeprefix('torch.')}")
    for name, error in errors().items():
        print(f"{name:48} {error:.0e}")


if __name__ == "__main__":
    main()

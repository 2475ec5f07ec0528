"""Explanations of the small models of every kind, and what is computed anew beside them."""

import math

from explain_shapes import IDS, run, written

from tfcli.explain.explanation import explain
from tfcli.explain.request import Request

PAIRS = ["marian", "bart", "t5"]
ENCODERS = ["bert", "vectors"]
MASK = 60


class Words:
    """A tokenizer of the ids' own names, with a mask."""

    bos_id = eos_id = None
    mask_id = MASK
    vocab_size = 61
    special_tokens = {"[MASK]": MASK}  # noqa: RUF012

    def piece(self, token):
        return "[MASK]" if token == MASK else f"w{token}"

    def token_bytes(self, token):
        return f" {self.piece(token)}".encode()  # as WordPiece's decoder writes it


def full(model, ids=IDS, **wishes):
    tokenizer = wishes.pop("tokenizer", None)
    return explain(
        model, ids, Request(all_keys=True, **wishes), tokenizer=tokenizer, **written(model)
    )


def opened(found, kind="self"):
    """The ledgers of one kind, with what happened in their modules."""
    return [ledger for ledger in found.qkv if ledger.kind == kind]


def ran(model, ledger, ids=IDS):
    layer = run(model, ids).layers[ledger.layer]
    return layer.cross_attention if ledger.kind == "cross" else layer.attention


def raw_scores(attention, ledger, width):
    """q·k of the query with every key, by a plain sum."""
    q = attention.q[0, ledger.head, ledger.query]
    return [
        sum(float(a * b) for a, b in zip(q, k, strict=True)) for k in attention.k[0, ledger.head]
    ]


def softmax(scores):
    largest = max(scores)
    parts = [math.exp(score - largest) for score in scores]
    return [part / sum(parts) for part in parts]

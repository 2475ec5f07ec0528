"""The embedded corpus: a small bilingual world, written by a deterministic generator.

Little stories, facts, words with two senses, roles, names that recur, questions and answers, in
English and in Chinese: what a lecture on the Transformer wants to show can be seen in a model
that was trained on it for minutes. ``python -m tfcli.data.world`` prints it.
"""

from tfcli.data.world.ambiguous import SENSES
from tfcli.data.world.analogies import ANALOGIES
from tfcli.data.world.corpus import WorldDocument, documents
from tfcli.data.world.held_out import HELD_OUT_PROMPTS, HeldOutPrompt
from tfcli.data.world.senses import AmbiguousWord, Sense

__all__ = [
    "ANALOGIES",
    "HELD_OUT_PROMPTS",
    "SENSES",
    "AmbiguousWord",
    "HeldOutPrompt",
    "Sense",
    "WorldDocument",
    "documents",
]

"""Tokenizers: train one with SentencePiece, and open any that tfcli knows behind one protocol.

Importing this package loads neither sentencepiece nor tokenizers; its functions do.
"""

from tfcli_tokenizer.loading import default_tokenizer_path, load_tokenizer
from tfcli_tokenizer.protocol import Tokenizer
from tfcli_tokenizer.streaming import StreamDecoder
from tfcli_tokenizer.training import KINDS, train_tokenizer

__all__ = [
    "KINDS",
    "StreamDecoder",
    "Tokenizer",
    "default_tokenizer_path",
    "load_tokenizer",
    "train_tokenizer",
]

"""A GGUF file that lies is refused with one error that names it, at once and without memory."""

import struct
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfcli.checkpoint.gguf.file import open_gguf
from tfcli.errors import CheckpointError

U8, U32, F32, BOOL, TEXT, ARRAY, U64 = 0, 4, 6, 7, 8, 9, 10
HUGE = 2**60


def text(value: str | bytes, length: int | None = None) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data) if length is None else length) + data


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def array(kind: int, count: int, values: bytes) -> bytes:
    return struct.pack("<IQ", kind, count) + values


def number(name: str, value: int) -> bytes:
    return key(name, U32, struct.pack("<I", value))


def tensor(name: str, dimensions: list[int], kind: int = 0, offset: int = 0) -> bytes:
    shape = struct.pack(f"<{len(dimensions)}Q", *dimensions)
    return (
        text(name) + struct.pack("<I", len(dimensions)) + shape + struct.pack("<IQ", kind, offset)
    )


LLAMA = [
    key("general.architecture", TEXT, text("llama")),
    number("llama.block_count", 1),
    number("llama.context_length", 8),
    number("llama.embedding_length", 8),
    number("llama.feed_forward_length", 8),
    number("llama.attention.head_count", 2),
    key("llama.attention.layer_norm_rms_epsilon", F32, struct.pack("<f", 1e-5)),
]
EMBEDDING = tensor("token_embd.weight", [8, 4])
NORM = tensor("output_norm.weight", [8], offset=128)


def file(
    keys: list[bytes] = LLAMA,
    tensors: list[bytes] = [EMBEDDING, NORM],  # noqa: B006 - never changed
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    num_keys: int | None = None,
    num_tensors: int | None = None,
    alignment: int = 32,
    data: int = 160,
) -> bytes:
    """A whole file, with counts that may be others than they are."""
    header = magic + struct.pack(
        "<IQQ",
        version,
        len(tensors) if num_tensors is None else num_tensors,
        len(keys) if num_keys is None else num_keys,
    )
    header += b"".join(keys) + b"".join(tensors)
    return header + bytes(-len(header) % alignment) + bytes(data)


def more(*keys: bytes) -> bytes:
    return file([*LLAMA, *keys])


def with_tensors(*tensors: bytes, data: int = 160) -> bytes:
    return file(tensors=list(tensors), data=data)


DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "magic": (file(magic=b"GGML"), "no GGUF file"),
    "magic alone": (b"GGUF", "ends within its header"),
    "version 1": (file(version=1), "version is 1"),
    "version to come": (file(version=4), "version is 4"),
    "big-endian": (file(version=3 << 24), "big-endian"),
    "tensors beyond number": (file(num_tensors=HUGE), f"claims to hold {HUGE:,} tensors"),
    "tensors negative": (file(num_tensors=2**64 - 1), "tensors"),
    "a tensor too many": (file(num_tensors=3), "damaged"),
    "many tensors of nothing": (file(tensors=[], num_tensors=60_000, data=0), "ends within"),
    "keys beyond number": (file(num_keys=HUGE), "keys"),
    "keys negative": (file(num_keys=2**64 - 1), "keys"),
    "a key too many": (file(num_keys=len(LLAMA) + 1), "damaged"),
    "key longer than the file": (file([text("a", HUGE)], num_keys=1), "ends within"),
    "key no UTF-8": (file([text(b"\xff\xfe") + bytes(8)]), "no UTF-8"),
    "key twice": (file([*LLAMA, LLAMA[1]]), "“llama.block_count” is there twice"),
    "string longer than the file": (more(key("a", TEXT, text("b", HUGE))), "ends within"),
    "string negative": (more(key("a", TEXT, text("b", 2**64 - 1))), "ends within"),
    "string long": (more(key("a", TEXT, text(bytes(2**24 + 1)))), "string of 16,777,217 bytes"),
    "type unknown": (more(key("a", 77, bytes(8))), "unknown type 77"),
    "array of an unknown type": (more(key("a", ARRAY, array(77, 1, b""))), "unknown type 77"),
    "array longer than the file": (more(key("a", ARRAY, array(U64, 2**20, b""))), "ends within"),
    "array beyond number": (more(key("a", ARRAY, array(U8, HUGE, b""))), "array of"),
    "strings beyond number": (more(key("a", ARRAY, array(TEXT, HUGE, b""))), "array of"),
    "strings more than the file": (more(key("a", ARRAY, array(TEXT, 2**20, b""))), "ends within"),
    "array of arrays": (
        more(key("a", ARRAY, array(ARRAY, 1, array(ARRAY, 1, b"") * 1000))),
        "array of arrays",
    ),
    "arrays, each of a length that passes": (
        more(*(key(f"a{i}", ARRAY, array(U8, 2**20, bytes(2**20))) for i in range(5))),
        "array of",
    ),
    "alignment none": (more(number("general.alignment", 0)), "alignment"),
    "alignment odd": (more(number("general.alignment", 24)), "alignment"),
    "alignment huge": (more(number("general.alignment", 2**31)), "alignment"),
    "alignment in words": (more(key("general.alignment", TEXT, text("32"))), "alignment"),
    "architecture none": (file([]), "does not say which architecture"),
    "architecture a number": (file([number("general.architecture", 5)]), "does not say"),
    "layers beyond number": (
        file(
            [each for each in LLAMA if b"block" not in each] + [number("llama.block_count", 2**31)]
        ),
        "claims 2,147,483,648 layers",
    ),
    "heads none": (
        file(
            [each for each in LLAMA if b"head_count" not in each]
            + [number("llama.attention.head_count", 0)]
        ),
        "no attention heads",
    ),
    "tensor without dimensions": (with_tensors(tensor("token_embd.weight", [])), "0 dimensions"),
    "tensor with many dimensions": (
        with_tensors(text("a") + struct.pack("<I", 2**31) + bytes(64)),
        "2,147,483,648 dimensions",
    ),
    "tensor of nothing": (with_tensors(tensor("token_embd.weight", [8, 0])), "shape [0, 8]"),
    "tensor beyond number": (
        with_tensors(tensor("token_embd.weight", [2**33, 2**33])),
        "“token_embd.weight” runs past the end",
    ),
    "tensor whose size overflows": (
        with_tensors(tensor("token_embd.weight", [2**32, 2**32])),  # 2^66 bytes, 0 in 64 bits
        "runs past the end",
    ),
    "tensor of half a block": (
        with_tensors(tensor("token_embd.weight", [40, 4], kind=8)),
        "shape [4, 40], not possible in Q8_0",
    ),
    "tensor of an unknown type": (
        with_tensors(tensor("token_embd.weight", [8, 4], kind=4096)),
        "unknown type 4096",
    ),
    "tensor of a type that is gone": (
        with_tensors(tensor("token_embd.weight", [8, 4], kind=4)),
        "unknown type 4",
    ),
    "tensor of whole numbers": (
        with_tensors(tensor("token_embd.weight", [8, 4], kind=26)),
        "element type I32",
    ),
    "tensor outside the file": (
        with_tensors(tensor("token_embd.weight", [8, 4], offset=2**63)),
        "runs past the end",
    ),
    "tensor just outside the file": (
        with_tensors(EMBEDDING, NORM, data=159),
        "“output_norm.weight” runs past the end",
    ),
    "tensors overlap": (
        with_tensors(EMBEDDING, tensor("output_norm.weight", [8], offset=96)),
        "“output_norm.weight” overlaps",
    ),
    "tensor misaligned": (
        with_tensors(EMBEDDING, tensor("output_norm.weight", [8], offset=130), data=200),
        "multiple of 32",
    ),
    "tensor twice": (
        with_tensors(EMBEDDING, tensor("token_embd.weight", [8], offset=128)),
        "“token_embd.weight” is there twice",
    ),
    "tensor name no UTF-8": (with_tensors(text(b"\xff") + bytes(40)), "no UTF-8"),
    "embedding missing": (with_tensors(tensor("output_norm.weight", [8])), "token_embd.weight"),
    "rope factors quantised": (
        with_tensors(EMBEDDING, tensor("rope_freqs.weight", [32], kind=8, offset=128), data=192),
        "“rope_freqs.weight” is no short list",
    ),
    "rope factors none": (
        with_tensors(EMBEDDING, tensor("rope_freqs.weight", [2], offset=128)),
        "not above 0",
    ),
}


@pytest.fixture
def damaged(tmp_path: Path) -> Callable[[bytes], Path]:
    def write(content: bytes) -> Path:
        path = tmp_path / "named.gguf"
        path.write_bytes(content)
        return path

    return write


def test_the_file_itself_is_whole(damaged) -> None:
    """Else the tests below would prove nothing."""
    for version in (2, 3):
        opened = open_gguf(damaged(file(version=version)))
        assert opened.names() == ["model.embed_tokens.weight", "model.norm.weight"]
        assert opened.config["vocab_size"] == 4
    wide = file([*LLAMA, number("general.alignment", 128)], alignment=128)
    assert open_gguf(damaged(wide)).read("model.norm.weight").shape == (8,)


@pytest.mark.parametrize("damage", DAMAGED)
def test_a_file_that_lies_is_refused(damaged, damage: str) -> None:
    content, words = DAMAGED[damage]
    path = damaged(content)
    open_gguf(damaged(file()))  # what is imported now is not counted below
    path = damaged(content)
    tracemalloc.start()
    begin = time.process_time()
    with pytest.raises(CheckpointError) as error:
        open_gguf(path)
    took = time.process_time() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 1
    assert peak < 64 * 2**20 + 8 * len(content)
    assert error.value.message.startswith(f"{path}: ")
    assert error.value.message.endswith(".")
    assert words in error.value.message


@pytest.mark.parametrize("kept", range(0, len(file()), 7))
def test_a_file_that_is_cut_is_refused(damaged, kept: int) -> None:
    with pytest.raises(CheckpointError, match=r"named\.gguf"):
        open_gguf(damaged(file()[:kept]))


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_bytes_that_are_changed_never_surprise(tmp_path_factory, data: st.DataObject) -> None:
    """Either the file still opens, and its tensors are read, or it is refused."""
    content = bytearray(file())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("changed") / "named.gguf"
    path.write_bytes(content)
    try:
        opened = open_gguf(path)
        for name in opened.names():
            opened.read(name)
        opened.tokenizer()
    except CheckpointError as error:
        assert str(path) in error.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.gguf: it cannot be read"):
        open_gguf(tmp_path / "nowhere.gguf")
    with pytest.raises(CheckpointError, match="cannot be read"):
        open_gguf(tmp_path)


def test_a_file_that_is_cut_afterwards(damaged) -> None:
    path = damaged(file())
    opened = open_gguf(path)
    path.write_bytes(file()[:-8])
    assert opened.read("model.embed_tokens.weight").shape == (4, 8)
    with pytest.raises(CheckpointError, match=r"“output_norm\.weight” cannot be read"):
        opened.read("model.norm.weight")


def test_the_longest_vocabulary_is_read_within_the_second(damaged) -> None:
    tokens = b"".join(text(f"token {i}") for i in range(262_144))
    keys = [*LLAMA, key("tokenizer.ggml.tokens", ARRAY, array(TEXT, 262_144, tokens))]
    path = damaged(file(keys))
    begin = time.process_time()
    open_gguf(path)
    assert time.process_time() - begin < 1

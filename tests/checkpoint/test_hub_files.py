"""Pulling a model: which files are taken, which refused, and the folder that they come into."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hub_stand_in import FILES, NAME, StandIn, contents
from hypothesis import given
from hypothesis import strategies as st

from tfcli.checkpoint.hub.files import check_paths
from tfcli.checkpoint.hub.pull import find_pulled, pull
from tfcli.errors import CheckpointError, NotFoundError, StorageError, UsageError


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "..", "a//b", "./x", "a/.", "x\x00", "\n"]
)
def test_a_listing_that_leads_out_of_its_folder(
    stand_in: StandIn, tmp_path: Path, path: str
) -> None:
    stand_in.listed = (path,)
    with pytest.raises(CheckpointError, match="lists a file outside its folder"):
        pull(NAME, to=tmp_path / "in" / "side")
    assert stand_in.asked == []
    assert not (tmp_path / "in").exists()


@given(st.text("./\\ab:\0", max_size=12))
def test_a_path_that_is_let_through_stays_inside(path: str) -> None:
    try:
        check_paths("x", [path])
    except CheckpointError:
        return
    inside = Path("/base/folder") / path
    assert Path("/base/folder") in inside.parents
    assert ".." not in inside.parts


def sharded(index: object, *shards: str) -> dict[str, bytes]:
    content = index if isinstance(index, bytes) else json.dumps(index).encode()
    files = {name: name.encode() for name in shards}
    return {"config.json": b"{}", "model.safetensors.index.json": content} | files


def test_shards_are_those_of_the_index(stand_in: StandIn) -> None:
    shards = ("model-1-of-2.safetensors", "model-2-of-2.safetensors")
    index = {"weight_map": {"a": shards[0], "b": shards[1], "c": shards[0]}}
    stand_in.files = sharded(index, *shards, "model.safetensors", "other.safetensors")
    model = pull(NAME)
    assert set(model.files) == {"config.json", "model.safetensors.index.json", *shards}


@pytest.mark.parametrize(
    "index",
    [
        {"weight_map": {"a": "../x.safetensors"}},
        {"weight_map": {"a": "gone.safetensors"}},
        {"weight_map": {"a": 5}},
        {"weight_map": {}},
        {"weight_map": ["a"]},
        [],
        b"{",
    ],
)
def test_an_index_that_is_wrong(stand_in: StandIn, index: object, tmp_path: Path) -> None:
    stand_in.files = sharded(index, "model-1-of-1.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors\.index\.json of"):
        pull(NAME, to=tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_a_pickle_comes_only_where_nothing_better_is(stand_in: StandIn) -> None:
    del stand_in.files["model.safetensors"]
    stand_in.files["spiece.model"] = b"sp"
    files = pull(NAME).files
    assert "pytorch_model.bin" in files
    assert "spiece.model" in files


def test_a_repository_without_a_model(stand_in: StandIn) -> None:
    for lacking in (
        {"README.md": b""},
        {"model.safetensors": b"no config"},
        {"config.json": b"{}", "adapter_model.safetensors": b""},
    ):
        stand_in.files = lacking
        with pytest.raises(NotFoundError, match="holds no model that tfcli reads"):
            pull(NAME)


def test_gguf_files(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.files = {"README.md": b"", "tiny-Q4_0.gguf": b"four", "mmproj-tiny.gguf": b"eyes"}
    only = pull(NAME)
    assert only.path.read_bytes() == b"four"
    assert only.files == ("tiny-Q4_0.gguf",)
    assert find_pulled(NAME) == only.path

    stand_in.files |= {"tiny-Q8_0.gguf": b"eight", "big/tiny-F16.gguf": b"sixteen"}
    stand_in.files |= {f"split-0000{i}-of-00002.gguf": b"part" for i in (1, 2)}
    with pytest.raises(UsageError, match="holds 4 GGUF files; say which one") as caught:
        pull(NAME)
    for name in ("tiny-Q4_0.gguf", "tiny-Q8_0.gguf", "big/tiny-F16.gguf", "split-00001-of-00002"):
        assert name in caught.value.message
    for asked, content in (
        ("tiny-Q8_0.gguf", b"eight"),
        ("big/tiny-F16.gguf", b"sixteen"),
        ("tiny-F16.gguf", b"sixteen"),
    ):
        model = pull(NAME, file=asked)
        assert model.path.read_bytes() == content
        assert find_pulled(NAME) == model.path
    assert only.path.read_bytes() == b"four"
    split = pull(NAME, file="split-00001-of-00002.gguf", to=tmp_path / "split")
    assert sorted(contents(tmp_path / "split")) == sorted(split.files)
    assert split.path == tmp_path / "split" / "split-00001-of-00002.gguf"
    with pytest.raises(NotFoundError, match=r"no GGUF file tiny\.gguf\. It holds:\n  big/tiny"):
        pull(NAME, file="tiny.gguf")
    stand_in.files["small/tiny-F16.gguf"] = b"another"
    with pytest.raises(UsageError, match="several files tiny-F16"):
        pull(NAME, file="tiny-F16.gguf")


def test_safetensors_come_before_gguf(stand_in: StandIn) -> None:
    stand_in.files["tiny.gguf"] = b"gguf"
    assert set(pull(NAME).files) == set(FILES)
    assert pull(NAME, file="tiny.gguf").path.read_bytes() == b"gguf"


def test_into_a_folder_of_ones_own(stand_in: StandIn, tmp_path: Path) -> None:
    to = tmp_path / "here"
    to.mkdir()
    (to / "notes.txt").write_text("mine")
    model = pull(NAME, to=to)
    assert model.path == to
    assert contents(to) == FILES | {"notes.txt": b"mine"}
    assert find_pulled(NAME) is None
    stand_in.files["tokenizer_config.json"] = b'{"new": 1}'
    pull(NAME, to=to)
    assert contents(to)["tokenizer_config.json"] == b'{"new": 1}'


def test_another_model_is_not_overwritten(stand_in: StandIn, tmp_path: Path) -> None:
    to = tmp_path / "theirs"
    to.mkdir()
    (to / "config.json").write_text("theirs")
    with pytest.raises(UsageError, match=r"holds a config\.json that is not from"):
        pull(NAME, to=to)
    assert contents(to) == {"config.json": b"theirs"}
    record = {"name": "someone/else", "revision": "main", "commit": "c", "gguf": None, "files": []}
    (to / ".tfcli-pull.json").write_text(json.dumps(record))
    with pytest.raises(UsageError, match="holds someone/else already"):
        pull(NAME, to=to)
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="file"):
        pull(NAME, to=tmp_path / "file")
    assert stand_in.asked == []


@pytest.mark.parametrize(
    "record", ["{", "[]", "{}", '{"name": 1, "files": []}', '{"files": [{"path": "../x"}]}']
)
def test_a_damaged_record_is_no_record(stand_in: StandIn, record: str) -> None:
    path = pull(NAME).path
    (path / ".tfcli-pull.json").write_text(record)
    assert find_pulled(NAME) is None
    stand_in.asked.clear()
    assert contents(pull(NAME).path) == FILES
    assert stand_in.asked == []
    assert find_pulled(NAME) == path


def test_to_find_a_model_needs_no_library() -> None:
    program = (
        "import sys; from tfcli.checkpoint.hub.pull import find_pulled; find_pulled('a/b'); "
        "sys.exit('huggingface_hub' in sys.modules or 'torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)

"""What can go wrong with a cache: damage, full disks, kills. It is made again, or said."""

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tfcli.data.dataset import prepare
from tfcli.data.partial import FRESH_SECONDS, PartialFile, remove_abandoned
from tfcli.data.shards import HEADER_BYTES, DamagedShard, ShardWriter, read_info, read_shard
from tfcli.errors import CheckpointError, DataError, StorageError


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text("<|endoftext|>\n".join(f"Story {n}: {n * n} cats.\n" for n in range(2000)))
    return path


def shard_files(folder):
    return sorted(folder.rglob("*.tokens"))


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-2])


def prolong(path):
    path.write_bytes(path.read_bytes() + b"\0\0")


def empty(path):
    path.write_bytes(b"")


def zeros(path):
    path.write_bytes(bytes(path.stat().st_size))


def flip_in_header(path):
    flip(path, 40)


def flip_in_tokens(path):
    flip(path, HEADER_BYTES + 1000)


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def lie_about_the_count(path):
    """More tokens than there are, under a header that is otherwise right."""
    rewrite(path, lambda info: dataclasses.replace(info, tokens=info.tokens + 10**12))


def lie_about_the_vocabulary(path):
    rewrite(path, lambda info: dataclasses.replace(info, vocab_size=60))


def belong_to_another_dataset(path):
    rewrite(path, lambda info: dataclasses.replace(info, key="cd" * 32))


def rewrite(path, change):
    info, digest = read_info(path)
    path.write_bytes(change(info).pack(digest) + path.read_bytes()[HEADER_BYTES:])


def swap_sides(path):
    a, b = shard_files(path.parent)
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)


DAMAGES = [cut_short, prolong, empty, zeros, flip_in_header, flip_in_tokens, lie_about_the_count,
           lie_about_the_vocabulary, belong_to_another_dataset, swap_sides]  # fmt: skip


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_cache_is_made_again(tmp_path, corpus, tokenizer, damage, side):
    first = prepare([corpus], tokenizer, cache_dir=tmp_path / "c")
    files = shard_files(tmp_path / "c")
    good = [path.read_bytes() for path in files]
    del first
    damage(files[side])
    assert [path.read_bytes() for path in files] != good
    again = prepare([corpus], tokenizer, cache_dir=tmp_path / "c")
    assert not again.cached
    assert [path.read_bytes() for path in files] == good
    assert prepare([corpus], tokenizer, cache_dir=tmp_path / "c").cached


def test_a_shard_is_read_only(tmp_path, corpus, tokenizer):
    data = prepare([corpus], tokenizer, cache_dir=tmp_path / "c")
    with pytest.raises(ValueError, match="read-only"):
        data.train.tokens[0] = 1


def test_no_shard_is_no_crash(tmp_path):
    with pytest.raises(DamagedShard):
        read_shard(tmp_path / "none", side="train", key="ab" * 32)
    with pytest.raises(DamagedShard):
        read_shard(tmp_path, side="train", key="ab" * 32)


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path, corpus, tokenizer):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StorageError) as caught:
            prepare([corpus], tokenizer, cache_dir=tmp_path / "c")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "train.tokens cannot be written: File too large" in caught.value.message
    assert "TFCLI_HOME" in (caught.value.hint or "")
    assert not [path for path in (tmp_path / "c").rglob("*") if path.is_file()]
    assert not prepare([corpus], tokenizer, cache_dir=tmp_path / "c").cached


def test_a_full_disk_while_standard_input_is_kept(tmp_path, tokenizer, monkeypatch):
    read, written = os.pipe()
    feeder = threading.Thread(target=_feed, args=(written,))
    feeder.start()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(StorageError):
            prepare([f"/dev/fd/{read}"], tokenizer, cache_dir=tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        os.close(read)
        feeder.join()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def _feed(descriptor):
    try:
        os.write(descriptor, b"a cat\n" * 10_000)
    except BrokenPipeError:
        pass
    finally:
        os.close(descriptor)


def test_a_folder_that_cannot_be_made_is_named(tmp_path, corpus, tokenizer):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    with pytest.raises(StorageError, match="cannot be written: Not a directory"):
        prepare([corpus], tokenizer, cache_dir=blocker)
    assert blocker.read_text() == "not a folder"


def test_an_interruption_leaves_no_temporary_file(tmp_path, corpus, tokenizer):
    def interrupt(done, total):
        if total is not None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare([corpus], tokenizer, cache_dir=tmp_path / "c", progress=interrupt)
    assert not [path for path in (tmp_path / "c").rglob("*") if path.is_file()]


def test_a_fault_in_the_corpus_is_found_before_work_is_done(tmp_path, corpus, tokenizer):
    bad = tmp_path / "late.txt"
    bad.write_bytes(b"good text\n" * 100_000 + b"\xff")
    with pytest.raises(DataError, match="offset 1,000,000"):
        prepare([corpus, bad], tokenizer, cache_dir=tmp_path / "c")
    assert tokenizer.encoded == 0


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path, corpus, tokenizer):
    def grow(done, total):
        if total is not None:
            corpus.write_text("Something else.")

    with pytest.raises(DataError, match="changed while it was being read"):
        prepare([corpus], tokenizer, cache_dir=tmp_path / "c", progress=grow)
    assert not [path for path in (tmp_path / "c").rglob("*") if path.is_file()]


def test_an_id_outside_the_vocabulary_is_the_tokenizers_fault(tmp_path, corpus, tokenizer):
    tokenizer.encode = lambda text: [300]
    with pytest.raises(CheckpointError, match="id 300, outside its vocabulary of 257"):
        prepare([corpus], tokenizer, cache_dir=tmp_path / "c")


KILLED = """
import os, signal, sys
from pathlib import Path
tests, corpus, cache = sys.argv[1:]
sys.path.insert(0, tests)
from conftest import ByteTokenizer
from tfcli.data.dataset import prepare

def die(done, total):
    if total is not None:
        os.kill(os.getpid(), signal.SIGKILL)

prepare([corpus], ByteTokenizer(), cache_dir=Path(cache), progress=die)
"""


def test_a_build_that_was_killed_is_made_again(tmp_path, corpus, tokenizer):
    cache = tmp_path / "c"
    command = [sys.executable, "-c", KILLED, Path(__file__).parent, corpus, cache]
    killed = subprocess.run(command, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = list(cache.rglob("*.partial"))
    assert len(left) == 2
    assert not shard_files(cache)
    prepare([corpus], tokenizer, cache_dir=cache)
    undisturbed = prepare([corpus], tokenizer, cache_dir=tmp_path / "other")
    assert [path.read_bytes() for path in shard_files(cache)] == [
        path.read_bytes() for path in shard_files(tmp_path / "other")
    ]
    assert undisturbed.train.documents > 0
    for path in left:
        os.utime(path, (time.time() - FRESH_SECONDS - 1,) * 2)
    assert prepare([corpus], tokenizer, cache_dir=cache).cached
    assert not list(cache.rglob("*.partial"))


def test_a_file_that_is_being_written_is_left_alone(tmp_path):
    with PartialFile(tmp_path / "a") as living:
        os.utime(living.path, (time.time() - FRESH_SECONDS - 1,) * 2)
        remove_abandoned(tmp_path)
        assert living.path.exists()
    assert not living.path.exists()


def test_a_writer_without_commit_leaves_nothing(tmp_path):
    with ShardWriter(tmp_path / "a", 257) as writer:
        writer.append(np.arange(10))
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())

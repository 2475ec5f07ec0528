"""Pulling a model: what is asked, what arrives, what stays after an interruption, what is said."""

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_stand_in import FILES, NAME, WEIGHTS, StandIn, contents, forget_connections
from huggingface_hub import constants

from tfcli.checkpoint.hub.pull import FileProgress, PullEvent, PullStarted, find_pulled, pull
from tfcli.errors import CheckpointError, NotFoundError, StorageError, TfcliError, UsageError


def parts(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob(".pull/*") if path.name != "lock"]


def test_only_what_is_read_comes_and_is_found_by_name(
    stand_in: StandIn, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    events: list[PullEvent] = []
    model = pull(NAME, report=events.append)
    assert capfd.readouterr() == ("", ""), "the library draws nothing of its own"
    assert contents(model.path) == FILES
    assert model.path == tmp_path / "home" / "cache" / "models" / "someone--Tiny-1.5" / "main"
    assert (model.name, model.revision, model.commit) == (NAME, "main", stand_in.commit)
    assert set(model.files) == set(FILES)
    size = sum(map(len, FILES.values()))
    assert model.bytes == size
    assert {p.removeprefix("@") for p in stand_in.fetched()} == set(FILES)

    assert events[0] == PullStarted(NAME, "main", model.path, len(FILES), size)
    progress = [event for event in events[1:] if isinstance(event, FileProgress)]
    assert len(progress) == len(events) - 1
    for name, content in FILES.items():
        done = [event.done for event in progress if event.file == name]
        assert done == sorted(done)
        assert done[-1] == len(content)
        assert {event.total for event in progress if event.file == name} == {len(content)}
    assert len([event for event in progress if event.file == "model.safetensors"]) >= 3

    for name in (NAME, NAME.lower(), f"{NAME}@main", f"{NAME}@{stand_in.commit}"):
        found = find_pulled(name)
        assert found is not None or name == NAME.lower()  # as the file system has it
        assert found in (model.path, None)
    for name in (f"{NAME}@other", "someone/else", "../main", "", "a/b/c", "someone--Tiny-1.5"):
        assert find_pulled(name) is None

    stand_in.asked.clear()
    events.clear()
    assert pull(NAME, report=events.append) == model
    assert stand_in.asked == []
    assert events == [PullStarted(NAME, "main", model.path, 0, 0)]
    (model.path / "model.safetensors").write_bytes(b"cut")
    assert find_pulled(NAME) is None
    assert contents(pull(NAME).path) == FILES


def test_the_token_goes_to_the_hub_only(stand_in: StandIn) -> None:
    pull(NAME)
    sent = {path: token for path, _, token in stand_in.asked}
    assert sent["config.json"] == sent["@model.safetensors"] == "Bearer hf_secret"
    assert sent["model.safetensors"] is None


def test_a_connection_that_is_cut_is_taken_up_again(stand_in: StandIn) -> None:
    stand_in.cuts = {"model.safetensors": [300_000, 100_000]}
    model = pull(NAME)
    assert (model.path / "model.safetensors").read_bytes() == WEIGHTS
    ranges = [asked for path, asked, _ in stand_in.asked if path == "model.safetensors"]
    assert len(ranges) == 3
    assert ranges[0] is None
    starts = [int(str(asked).removeprefix("bytes=").removesuffix("-")) for asked in ranges[1:]]
    assert 0 < starts[0] <= 300_000
    assert starts[0] < starts[1] <= starts[0] + 100_000

    stand_in.cuts = {"model.safetensors": [90_000] * 6}
    shutil.rmtree(model.path)
    assert contents(pull(NAME).path) == FILES, "as long as bytes come, it goes on"


def test_an_interrupted_pull_goes_on_from_what_has_come(stand_in: StandIn, tmp_path: Path) -> None:
    def interrupt(event: PullEvent) -> None:
        if isinstance(event, FileProgress) and event.file == "model.safetensors":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(NAME, report=interrupt)
    assert find_pulled(NAME) is None
    part = next(path for path in parts(tmp_path) if "model.safetensors" in path.name)
    come = part.stat().st_size
    assert 0 < come < len(WEIGHTS)
    assert part.read_bytes() == WEIGHTS[:come]

    stand_in.asked.clear()
    events: list[PullEvent] = []
    model = pull(NAME, report=events.append)
    asked = [(path, wanted) for path, wanted, _ in stand_in.asked if not path.startswith("@")]
    assert asked == [("model.safetensors", f"bytes={come}-")]
    assert contents(model.path) == FILES
    assert find_pulled(NAME) == model.path


def test_a_hub_that_breaks_off_every_time(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.cuts = {"model.safetensors": [400_000, 0, 0, 0]}
    with pytest.raises(TfcliError, match=r"cannot be reached|ended at") as caught:
        pull(NAME)
    assert "goes on from there" in str(caught.value.hint)
    assert parts(tmp_path)
    assert contents(pull(NAME).path) == FILES
    assert not parts(tmp_path)


def test_a_hub_that_knows_no_ranges(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.ignores_ranges = True
    stand_in.cuts = {"model.safetensors": [300_000]}
    assert contents(pull(NAME).path) == FILES
    assert stand_in.fetched().count("model.safetensors") == 2
    stand_in.cuts = {"model.safetensors": [100_000, 90_000, 100_000, 90_000]}
    shutil.rmtree(tmp_path / "home")
    with pytest.raises(TfcliError, match=r"cannot be reached|ended at"):
        pull(NAME)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_what_arrives_damaged_is_not_taken(stand_in: StandIn, file: str) -> None:
    """Large files have a SHA-256, small ones git's own checksum."""
    stand_in.corrupts = file
    with pytest.raises(CheckpointError, match=f"{file} of {NAME} arrives damaged"):
        pull(NAME)
    assert find_pulled(NAME) is None
    assert stand_in.fetched().count(file) == 2
    stand_in.corrupts = ""
    assert contents(pull(NAME).path) == FILES


def test_more_than_was_listed_is_not_written(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.lengthens = "model.safetensors"
    largest = 0

    def look(_: PullEvent) -> None:
        nonlocal largest
        largest = max([largest, *(path.stat().st_size for path in parts(tmp_path))])

    with pytest.raises(CheckpointError, match="arrives damaged"):
        pull(NAME, report=look)
    assert largest == len(WEIGHTS) + 1


def test_a_damaged_part_is_fetched_anew(stand_in: StandIn, tmp_path: Path) -> None:
    stand_in.cuts = {"model.safetensors": [400_000, 0, 0, 0]}
    with pytest.raises(TfcliError):
        pull(NAME)
    part = next(path for path in parts(tmp_path) if "model.safetensors" in path.name)
    for damage in (b"x" + part.read_bytes()[1:], WEIGHTS + b"more"):
        part.write_bytes(damage)
        assert contents(pull(NAME, to=tmp_path / str(len(damage))).path) == FILES
        part.write_bytes(damage)
        assert contents(pull(NAME).path) == FILES
        shutil.rmtree(part.parent.parent)
        part.parent.mkdir(parents=True)


def test_a_newer_commit_replaces_only_what_changed(stand_in: StandIn) -> None:
    first = pull(NAME)
    stand_in.asked.clear()
    del stand_in.files["chat_template.jinja"]
    stand_in.files |= {"config.json": b"{}  ", "vocab.json": b"{}"}
    while_it_comes: list[Path | None] = []

    def look(_: PullEvent) -> None:
        while_it_comes.append(find_pulled(NAME))
        assert contents(first.path).get("config.json") == FILES["config.json"]

    second = pull(NAME, report=look)
    assert set(while_it_comes) == {first.path}, "the old one stays usable"
    assert sorted(stand_in.fetched()) == ["config.json", "vocab.json"]
    assert second.commit != first.commit
    expected = {**FILES, "config.json": b"{}  ", "vocab.json": b"{}"}
    del expected["chat_template.jinja"]
    assert contents(second.path) == expected


@pytest.mark.parametrize("updates", [False, True])
def test_killed_while_files_are_moved(stand_in: StandIn, updates: bool) -> None:
    if updates:
        pull(NAME)
        stand_in.files |= {"config.json": b"x" * 23, "model.safetensors": WEIGHTS[::-1]}
    expected = {name: stand_in.files[name] for name in FILES}
    moved: list[Path] = []
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if len(moved) == 1:
            raise KeyboardInterrupt
        moved.append(target)
        return replace(self, target)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            pull(NAME)
    assert len(moved) == 1
    assert find_pulled(NAME) is None, "no mixture of two models"
    stand_in.asked.clear()
    assert contents(pull(NAME).path) == expected
    assert stand_in.asked == []


@pytest.mark.parametrize(
    ("name", "kind", "words", "hint"),
    [
        ("someone/else", NotFoundError, "has no model someone/else, or it is private", "HF_TOKEN"),
        ("gated/model", UsageError, "is gated", "/gated/model, then log in"),
        ("secret/model", UsageError, "does not let this token", "Log in"),
        ("busy/model", TfcliError, "HTTP 503", "later"),
        ("html/page", TfcliError, "does not answer as a hub does", "HF_ENDPOINT"),
        ("numbers/only", TfcliError, "names no commit", ""),
        ("no name", UsageError, "cannot be the name", "OWNER/MODEL"),
        ("../../etc", UsageError, "cannot be the name", "OWNER/MODEL"),
        ("a/b/c", UsageError, "cannot be the name", "OWNER/MODEL"),
        ("", UsageError, "cannot be the name", "OWNER/MODEL"),
    ],
)
def test_what_the_hub_refuses(
    stand_in: StandIn, name: str, kind: type[TfcliError], words: str, hint: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        pull(name)
    assert type(caught.value) is kind or kind is TfcliError
    assert hint in str(caught.value.hint)


def test_a_gate_in_front_of_the_files_only(stand_in: StandIn) -> None:
    stand_in.refusal = (403, "GatedRepo")
    with pytest.raises(UsageError, match=f"{NAME} is gated"):
        pull(NAME)
    stand_in.refusal = (404, "EntryNotFound")
    with pytest.raises(NotFoundError, match="is not there"):
        pull(NAME)


def test_revisions(stand_in: StandIn) -> None:
    with pytest.raises(NotFoundError, match="no revision “nightly”"):
        pull(NAME, revision="nightly")
    for bad in ("../x", "a b", "", "-x", "/x"):
        with pytest.raises(UsageError, match="cannot be a revision"):
            pull(NAME, revision=bad)
    model = pull(NAME, revision="refs/pr/1")
    assert model.path.name == "refs--pr--1"
    assert find_pulled(f"{NAME}@refs/pr/1") == model.path
    main = pull(NAME)
    assert find_pulled(NAME) == main.path
    assert pull(NAME, revision="refs/pr/1").path == model.path
    assert find_pulled(NAME) == model.path, "the one pulled last"


def test_offline(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(TfcliError, match="cannot be reached") as caught:
        pull(NAME)
    assert "online" in str(caught.value.hint)
    monkeypatch.setenv("HF_ENDPOINT", stand_in.address)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "is_offline_mode", lambda: True, raising=False)
    forget_connections()
    with pytest.raises(TfcliError, match="HF_HUB_OFFLINE forbids it"):
        pull(NAME)
    assert stand_in.listings == 0
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    forget_connections()


def test_a_full_disk(stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000))
        with pytest.raises(StorageError, match="too little space"):
            pull(NAME)
    assert stand_in.asked == []
    opened = Path.open

    class Full:
        """A disk that is full after the first bytes."""

        def __init__(self, file: Any) -> None:
            self.file, self.room = file, 2**18

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, data: bytes) -> int:
            if len(data) > self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.room -= len(data)
            return self.file.write(data)

        def flush(self) -> None:
            self.file.flush()

    def full(self: Path, mode: str = "r", **options: Any) -> Any:
        file = opened(self, mode, **options)
        return Full(file) if "model.safetensors" in self.name else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full)
        with pytest.raises(StorageError, match="disk is full"):
            pull(NAME)
    part = next(path for path in parts(tmp_path) if "model.safetensors" in path.name)
    come = part.read_bytes()
    assert 0 < len(come) <= 2**18
    assert come == WEIGHTS[: len(come)]
    stand_in.asked.clear()
    assert contents(pull(NAME).path) == FILES
    assert ("model.safetensors", f"bytes={len(come)}-", None) in stand_in.asked


def test_one_pull_at_a_time(stand_in: StandIn) -> None:
    refused: list[str] = []

    def again(event: PullEvent) -> None:
        if isinstance(event, PullStarted):
            with pytest.raises(UsageError) as caught:
                pull(NAME)
            refused.append(caught.value.message)

    pytest.importorskip("fcntl")
    assert contents(pull(NAME, report=again).path) == FILES
    assert len(refused) == 1
    assert "Another process is pulling" in refused[0]


def test_what_the_one_who_looks_on_raises_is_theirs(stand_in: StandIn) -> None:
    def broken(event: PullEvent) -> None:
        if isinstance(event, FileProgress):
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        pull(NAME, report=broken)
    report: Callable[[PullEvent], None] | None = None
    assert contents(pull(NAME, report=report).path) == FILES

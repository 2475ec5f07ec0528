"""`tfcli tokenizer`, whole: train, encode, decode, info, compare, and every error."""

import bz2
import io
import json
import lzma
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tokenizers import Tokenizer, models, pre_tokenizers

from tfcli.main import run

TEXT = "The cat sat on the mat.\n猫坐在垫子上，看着月亮。\nNumbers 1234\tand   😀.\n" * 20
ODD = "\tThe  cat\r\n 猫龘 👩‍🚀 ▁ \ufdd0 <|im_start|>user <0x41> e\u0301\x1b[31m \n\n end  "
FILES = ["tokenizer.json", "tokenizer.model", "tokenizer_config.json"]


def names(folder: str | Path) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


class Terminal(io.StringIO):
    """A standard input with a person behind it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and nothing in the environment that changes the screens."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TFCLI_TOKENIZER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def tokenizer(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Run `tfcli tokenizer ...`; returns (code, stdout, stderr), the last with lines joined."""

    def call(*words: str, piped: bytes | None = None) -> tuple[int, str, str]:
        stdin = Terminal() if piped is None else io.TextIOWrapper(io.BytesIO(piped))
        monkeypatch.setattr(sys, "stdin", stdin)
        code = run(["tokenizer", *words])
        shown = capsys.readouterr()
        return code, shown.out, " ".join(shown.err.replace("│", " ").split())

    return call


@pytest.fixture
def corpus(folder: Path) -> Path:
    path = folder / "corpus.txt"
    path.write_bytes(TEXT.encode())
    return path


# -------------------------------------------------------------------------------- train


@pytest.mark.parametrize("kind", ["bpe", "unigram", "char", "word"])
def test_what_is_trained_opens_everywhere(tokenizer: Call, corpus: Path, kind: str) -> None:
    words = (str(corpus), "--type", kind, "--vocab-size", "296", "--out", "made/here", "--json")
    code, out, err = tokenizer("train", *words)
    assert code == 0, err
    assert names("made/here") == FILES
    assert names("made") == ["here"]
    said = json.loads(out)
    ours, theirs = load_tokenizer("made/here"), Tokenizer.from_file("made/here/tokenizer.json")
    assert (said["path"], said["type"], said["files"]) == ("made/here", kind, FILES)
    assert (said["vocab_size"], said["fingerprint"]) == (ours.vocab_size, ours.fingerprint)
    assert said["special_tokens"] == ours.special_tokens
    ids = ours.encode(ODD)
    assert theirs.encode(ODD).ids == ids
    assert ours.decode(ids) == ODD
    assert "tfcli tokenizer encode" in err


def test_every_way_to_give_a_corpus_gives_the_same_bytes(
    tokenizer: Call, corpus: Path, folder: Path
) -> None:
    (folder / "corpus.txt.xz").write_bytes(lzma.compress(TEXT.encode()))
    (folder / "corpus.txt.bz2").write_bytes(bz2.compress(TEXT.encode()))
    (folder / "corpus.jsonl").write_text(json.dumps({"text": TEXT}), encoding="utf-8")
    (folder / "inside").mkdir()
    (folder / "inside" / "corpus.md").write_bytes(TEXT.encode())
    sources = [
        "corpus.txt",
        "corpus.txt.xz",
        "corpus.txt.bz2",
        "corpus.jsonl",
        "inside",
        "*.md",
        "-",
    ]
    sources[5] = "in*/*.md"
    models = set()
    for number, source in enumerate(sources):
        out = f"out{number}"
        code, _, err = tokenizer(
            "train", source, "--vocab-size", "300", "--out", out, piped=TEXT.encode()
        )
        assert code == 0, err
        models.add((folder / out / "tokenizer.model").read_bytes())
    assert len(models) == 1


def test_the_size_that_an_error_names_works(tokenizer: Call, corpus: Path, folder: Path) -> None:
    for size in ("9000", "5"):
        code, out, err = tokenizer("train", "corpus.txt", "--vocab-size", size, "--out", "made")
        assert (code, out) == (5, "")
        assert names(folder) == ["corpus.txt"]
        named = re.findall(r"--vocab-size (\d+)", err)[0]
        assert tokenizer("train", "corpus.txt", "--vocab-size", named, "--out", "made")[0] == 0
        assert load_tokenizer("made").vocab_size == int(named)
        shutil.rmtree("made")


def test_fewer_characters_than_pieces_are_said(tokenizer: Call, corpus: Path) -> None:
    code, _, err = tokenizer("train", "corpus.txt", "--type", "char", "--out", "made")
    assert code == 0
    assert f"{load_tokenizer('made').vocab_size} pieces, all that the corpus gives of 8,000" in err


def test_coverage_decides_what_is_left_to_bytes(tokenizer: Call, folder: Path) -> None:
    (folder / "corpus.txt").write_text("the cat sat on the mat\n" * 200 + "龘\n", encoding="utf-8")
    found = {}
    for coverage in ("0.98", "1"):
        words = ("--vocab-size", "280", "--character-coverage", coverage, "--out", coverage)
        assert tokenizer("train", "corpus.txt", *words)[0] == 0
        found[coverage] = len(load_tokenizer(coverage).encode("龘"))
    assert found == {"0.98": 3, "1": 1}


def test_a_line_of_five_megabytes_is_learned_from(tokenizer: Call, folder: Path) -> None:
    (folder / "line.txt").write_text("the cat sat " * 350_000 + "zebra " * 150_000)
    words = ("train", "line.txt", "--vocab-size", "285", "--out", "made")
    code, _, err = tokenizer(*words)
    assert code == 0, err
    assert "▁zebra" in [load_tokenizer("made").piece(i) for i in range(285)]


def test_nothing_is_replaced_unless_it_is_asked_for(
    tokenizer: Call, corpus: Path, folder: Path
) -> None:
    def train(*words: str) -> tuple[int, str, str]:
        return tokenizer("train", "corpus.txt", "--vocab-size", "300", *words)

    assert train("--out", "made")[0] == 0
    before = (folder / "made" / "tokenizer.model").read_bytes()
    code, _, err = train("--out", "made", "--type", "char")
    assert (code, "--force" in err) == (2, True)
    assert (folder / "made" / "tokenizer.model").read_bytes() == before
    assert train("--out", "made", "--type", "char", "--force")[0] == 0
    assert load_tokenizer("made").kind == "char"

    (folder / "made" / "config.json").write_text("{}")  # a model, its tokenizer a part of it
    code, _, err = train("--out", "made", "--force")
    assert (code, "other files" in err) == (2, True)
    assert load_tokenizer("made").kind == "char"
    for out, said in (("corpus.txt", "is a file"), (".", "current folder")):
        code, _, err = train("--out", out, "--force")
        assert (code, said in err) == (2, True)
    assert corpus.read_bytes() == TEXT.encode()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.txt", None, "does not exist"),
        ("empty.txt", b"", "no text"),
        ("spaces.txt", b"   \n\t \n", "no text"),
        ("nul.txt", b"ab\0c", "NUL byte at offset 2"),
        ("latin.txt", b"caf\xe9 noir", "byte 0xe9 at offset 3"),
        ("half.jsonl", b'{"text": "a \\ud800"}', "half of a surrogate pair"),
        ("nul.jsonl", b'{"text": "a \\u0000"}', "NUL"),
        ("marks.txt", b"<|im_start|><|im_end|>\n", "special tokens aside"),
    ],
)
def test_a_bad_corpus_is_named_and_nothing_is_written(
    tokenizer: Call, folder: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (folder / name).write_bytes(content)
    before = names(folder)
    code, out, err = tokenizer("train", name, "--vocab-size", "300", "--out", "made/deep")
    assert (code, out) == (5, "")
    assert said in err
    assert "Traceback" not in err
    assert names(folder) == before


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--type", "syllable"), 2, "one of bpe, unigram, char, word"),
        (("--vocab-size", "0"), 2, "at least 1"),
        (("--vocab-size", "many"), 2, "whole number"),
        (("--character-coverage", "0.5"), 2, "from 0.98 to 1.0"),
        (("--out", "corpus.txt/made"), 1, "is no folder"),
    ],
)
def test_a_bad_option_of_train(
    tokenizer: Call, corpus: Path, folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    found, out, err = tokenizer("train", "corpus.txt", "--out", "made", *words)
    assert (found, out) == (code, "")
    assert said in err
    assert names(folder) == ["corpus.txt"]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tfcli", "tokenizer", *words]


def trainer_of(parent: int) -> int | None:
    """The process that trains, once it has computed for a while."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    for child in children:
        ticks = Path(f"/proc/{child}/stat").read_text().rsplit(") ", 1)[1].split()[11]
        if int(ticks) > 0.6 * os.sysconf("SC_CLK_TCK"):
            return int(child)
    return None


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
    ids=["Ctrl-C", "terminated", "killed"],
)
def test_training_ends_when_it_is_told_to(folder: Path, number: int, code: int) -> None:
    rng = random.Random(1)
    lines = ["".join(rng.choices("abcdefghijklmnop", k=1900)) for _ in range(600)]
    (folder / "slow.txt").write_text("\n".join(lines))  # minutes for a unigram model
    process = subprocess.Popen(
        command("train", "slow.txt", "--type", "unigram", "--vocab-size", "400", "--out", "made"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while (child := trainer_of(process.pid)) is None:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        if number == signal.SIGINT:
            os.killpg(process.pid, number)  # as a terminal does
        else:
            process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out) == (code, b"")
        assert b"Traceback" not in err
        if number == signal.SIGINT:
            assert b"nothing was written" in b" ".join(err.split())
        soon = time.monotonic() + 5  # it would go on for longer than this
        while Path(f"/proc/{child}").exists():
            assert time.monotonic() < soon
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    assert names(folder) == ["slow.txt"]


def test_a_full_disk_leaves_nothing_and_keeps_what_was_there(corpus: Path, folder: Path) -> None:
    def few_blocks() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    def train(*words: str, limit: bool) -> subprocess.CompletedProcess[bytes]:
        line = command("train", "corpus.txt", "--vocab-size", "300", "--out", "made", *words)
        start = few_blocks if limit else None
        return subprocess.run(line, capture_output=True, preexec_fn=start, check=False)

    done = train(limit=True)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"disk is full" in done.stderr
    assert names(folder) == ["corpus.txt"]
    assert train(limit=False).returncode == 0
    before = (folder / "made" / "tokenizer.json").read_bytes()
    assert train("--type", "char", "--force", limit=True).returncode == 1
    assert (folder / "made" / "tokenizer.json").read_bytes() == before
    assert names(folder) == ["corpus.txt", "made"]


# ------------------------------------------------------------------------ encode, decode


def test_a_text_comes_from_words_a_file_or_a_pipe(tokenizer: Call, folder: Path) -> None:
    shipped = load_tokenizer(default_tokenizer_path())
    wanted = ",".join(map(str, shipped.encode("The cat 猫"))) + "\n"
    (folder / "text.txt.xz").write_bytes(lzma.compress("The cat 猫".encode()))
    assert tokenizer("encode", "The cat 猫", "--ids")[1] == wanted
    assert tokenizer("encode", "--file", "text.txt.xz", "--ids")[1] == wanted
    for word in ((), ("-",)):
        assert tokenizer("encode", *word, "--ids", piped="The cat 猫\n".encode())[1] == wanted
    # standard input that nobody asked for is left alone
    assert tokenizer("encode", "The cat 猫", "--ids", piped=b"other")[1] == wanted


def test_encode_in_json(tokenizer: Call) -> None:
    shipped = load_tokenizer(default_tokenizer_path())
    code, out, err = tokenizer("encode", ODD, "--json")
    answer = json.loads(out)
    assert (code, answer["text"], answer["ids"]) == (0, ODD, shipped.encode(ODD))
    assert answer["pieces"] == [shipped.piece(i) for i in answer["ids"]]
    assert answer["bytes"] == len(ODD.encode())
    assert answer["bytes_per_token"] == pytest.approx(len(ODD.encode()) / len(answer["ids"]))
    assert err == ""
    assert json.loads(tokenizer("encode", "", "--json")[1])["bytes_per_token"] is None


def cells_before(line: str) -> list[int]:
    """The column in which each word of a line begins, in terminal cells."""
    return [cell_len(line[: match.start()]) for match in re.finditer(r"\S+", line)]


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_every_id_stands_beneath_its_piece(
    tokenizer: Call, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, out, err = tokenizer("encode", ODD)
    assert code == 0
    rows = [block.split("\n") for block in out.rstrip("\n").split("\n\n")]
    assert all(len(row) == 2 for row in rows)
    ids = load_tokenizer(default_tokenizer_path()).encode(ODD)
    assert [int(word) for row in rows for word in row[1].split()] == ids
    for pieces, numbers in rows:
        assert cells_before(pieces) == cells_before(numbers)
        assert max(cell_len(pieces), cell_len(numbers)) <= columns
    words = [word for row in rows for word in row[0].split()]
    assert [w for w in words if w.startswith("龘")] == ["龘(1/3)", "龘(2/3)", "龘(3/3)"]
    assert {"\\t", "\\n", "<|im_start|>"} <= set(words)
    assert "\x1b" not in out
    assert f"{len(ids)} tokens, {len(ODD.encode())} bytes" in err


def test_the_looks_of_encode(tokenizer: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tokenizer("encode", "The cat 猫")[1]
    coloured = tokenizer("encode", "The cat 猫", "--color", "always")[1]
    assert "\x1b[36m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert tokenizer("encode", ODD, "--ascii")[1].isascii()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[36m" not in tokenizer("encode", "The cat 猫")[1]


@pytest.mark.parametrize("content", [ODD, "no end", "one\n", "two\n\n", "\r\n", " "])
def test_a_file_goes_through_encode_and_decode_unchanged(
    tokenizer: Call, folder: Path, content: str
) -> None:
    (folder / "text.txt").write_bytes(content.encode())
    ids = tokenizer("encode", "--file", "text.txt", "--ids", "-q")[1]
    for words, piped in (((ids.strip(),), None), ((), ids), (("-",), ids.replace(",", " \n"))):
        code, out, err = tokenizer("decode", *words, piped=piped and piped.encode())
        assert (code, err) == (0, "")
        assert out.encode() == content.encode()
    listed = f"[{ids.strip().replace(',', ', ')}]"  # as JSON has it
    assert json.loads(tokenizer("decode", listed, "--json")[1])["text"] == content


def test_decode_escapes_for_a_terminal_only(
    tokenizer: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfcli.view import console

    ids = ",".join(map(str, load_tokenizer(default_tokenizer_path()).encode("a\x1b[31m")))
    assert tokenizer("decode", ids)[1] == "a\x1b[31m"
    monkeypatch.setattr(console, "is_terminal", lambda stream: stream is sys.stdout)
    assert tokenizer("decode", ids)[1] == "a\\x1b[31m\n"


@pytest.mark.parametrize(
    ("words", "piped", "code", "said"),
    [
        (("encode",), None, 2, 'tfcli tokenizer encode "The cat"'),
        (("encode", "The", "cat"), None, 2, '"The cat"'),
        (("encode", "The cat", "--file", "x.txt"), None, 2, "not both"),
        (("encode", "The cat", "--ids", "--json"), None, 2, "not both"),
        (("encode", "--file", "missing.txt"), None, 5, "missing.txt does not exist"),
        (("encode", "--file", "folder"), None, 2, "--file takes one"),
        (("encode", "--file", "latin.txt"), None, 5, "byte 0xe9 at offset 3"),
        (("encode", "-"), b"caf\xe9", 5, "byte 3"),
        (("encode", "caf\udce9"), None, 2, "character 4"),
        (("encode", "a", "-t", "nowhere"), None, 3, "no tokenizer at nowhere"),
        (("encode", "a", "-t", "damaged.model"), None, 4, "damaged.model is damaged"),
        (("encode", "a", "-t", "damaged.json"), None, 4, "damaged.json is damaged"),
        (("decode",), None, 2, "tfcli tokenizer decode 5,17,3"),
        (("decode", "5,x"), None, 2, "“x” is no token id"),
        (("decode", "5.0"), None, 2, "no token id"),
        (("decode", "9" * 30), None, 2, "no token id"),
        (("decode", "99999999"), None, 2, "outside the vocabulary"),
        (("decode", "-"), b"\xff", 5, "UTF-8"),
        (("info", "nowhere"), None, 3, "no tokenizer at nowhere"),
        (("info", "damaged.model"), None, 4, "damaged.model is damaged"),
        (("info", "--file", "missing.txt"), None, 5, "missing.txt does not exist"),
        (("compare",), None, 2, "compare"),
        (("compare", "nowhere", "--text", "a"), None, 3, "no tokenizer at nowhere"),
        (("compare", "damaged.json"), None, 4, "damaged.json is damaged"),
        (("compare", "x", "--text", "a", "--file", "b"), None, 2, "not both"),
    ],
)
def test_bad_input_is_one_panel(
    tokenizer: Call,
    folder: Path,
    words: tuple[str, ...],
    piped: bytes | None,
    code: int,
    said: str,
) -> None:
    (folder / "folder").mkdir()
    (folder / "folder" / "a.txt").write_text("a")
    (folder / "folder" / "b.txt").write_text("b")
    (folder / "latin.txt").write_bytes(b"caf\xe9 noir")
    shipped = default_tokenizer_path().read_bytes()
    (folder / "damaged.model").write_bytes(shipped[: len(shipped) // 2])
    (folder / "damaged.json").write_text('{"model": {')
    found, out, err = tokenizer(*words, piped=piped)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


# ------------------------------------------------------------------------- info, compare


def test_info_in_json_adds_up(tokenizer: Call, folder: Path) -> None:
    shipped = load_tokenizer(default_tokenizer_path())
    facts = json.loads(tokenizer("info", "--json")[1])
    pieces = facts["pieces"]
    assert pieces["text"] + pieces["bytes"] + pieces["parts"] + 4 == shipped.vocab_size
    assert sum(facts["scripts"].values()) == sum(facts["lengths"].values()) == pieces["text"]
    assert facts["special_tokens"] == shipped.special_tokens
    assert (facts["type"], facts["vocab_size"]) == ("bpe", shipped.vocab_size)
    assert facts["lossless"] is True
    assert all(each["reads_back"] for each in facts["measures"].values())
    (folder / "a.txt").write_text("The cat 龘")
    (folder / "b.jsonl").write_text(json.dumps({"text": "sat"}))
    facts = json.loads(tokenizer("info", "--file", str(folder), "--json")[1])
    (found,) = facts["measures"].values()
    tokens = shipped.encode("The cat 龘") + shipped.encode("sat")
    assert (found["tokens"], found["bytes"], found["characters"]) == (len(tokens), 14, 12)
    assert (found["missing"], found["coverage"]) == ({"龘": 1}, pytest.approx(11 / 12))
    assert found["byte_token_share"] == pytest.approx(3 / len(tokens))


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("look", [(), ("--ascii",)])
def test_the_screens_fit(
    tokenizer: Call,
    corpus: Path,
    monkeypatch: pytest.MonkeyPatch,
    columns: int,
    look: tuple[str, ...],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = f"a-rather-long-name-of-a-folder-{'-'.join('abcdefghijklmnop')}"
    assert tokenizer("train", "corpus.txt", "--vocab-size", "300", "--out", out)[0] == 0
    for words in (("info",), ("compare", out), ("compare", out, "--text", ODD)):
        code, shown, err = tokenizer(*words, *look)
        assert code == 0, err
        assert max(map(cell_len, shown.splitlines())) <= columns
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", shown)
        assert "…\n" not in shown  # nothing was cropped
        assert shown.isascii() or not look


def test_info_shows_what_it_counted(tokenizer: Call) -> None:
    shown = " ".join(tokenizer("info")[1].split())
    shipped = load_tokenizer(default_tokenizer_path())
    size = f"{shipped.vocab_size:,} in all"
    for part in ("bpe, lossless", size, "256 bytes", "<|endoftext|> 1 ends a text"):
        assert part in shown
    assert shipped.fingerprint in shown


def test_compare_sets_figures_side_by_side(tokenizer: Call, corpus: Path, folder: Path) -> None:
    for kind, size in (("char", "8000"), ("unigram", "296")):
        assert (
            tokenizer("train", "corpus.txt", "--type", kind, "--vocab-size", size, "--out", kind)[0]
            == 0
        )
    (folder / "text.txt").write_bytes(ODD.encode())
    for words in (("--text", ODD), ("--file", "text.txt")):
        answer = json.loads(tokenizer("compare", "char", "unigram", *words, "--json")[1])
        assert [row["path"] for row in answer["tokenizers"]] == ["char", "unigram"]
        for row in answer["tokenizers"]:
            opened = load_tokenizer(row["path"])
            ids = opened.encode(ODD)
            assert (row["tokens"], row["bytes"]) == (len(ids), len(ODD.encode()))
            assert row["pieces"] == [opened.piece(i) for i in ids]
            assert row["reads_back"]
    shown = tokenizer("compare", "char", "--text", "The cat 龘")[1]
    assert "   T h e ␣ c a t ␣ 龘(3)\n" in shown
    assert "   The ␣cat ␣ 龘(3)\n" in shown  # one alone is set beside the shipped one
    assert "default.model" in shown


def test_compare_reads_a_corpus_once(tokenizer: Call, corpus: Path) -> None:
    shipped = load_tokenizer(default_tokenizer_path())
    path = str(default_tokenizer_path())
    answer = json.loads(tokenizer("compare", path, "--file", "-", "--json", piped=TEXT.encode())[1])
    assert len(answer["tokenizers"]) == 2
    assert {row["tokens"] for row in answer["tokenizers"]} == {len(shipped.encode(TEXT))}


def test_what_is_lost_is_said(tokenizer: Call, folder: Path) -> None:
    made = Tokenizer(models.WordLevel({"cat": 0, "[UNK]": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save("words.json")
    for words in (("info", "words.json"), ("compare", "words.json")):
        shown = tokenizer(*words)[1]
        assert "not given back by decoding" in shown
        assert max(map(cell_len, shown.splitlines())) <= 80
    assert "not given back" not in tokenizer("info")[1]

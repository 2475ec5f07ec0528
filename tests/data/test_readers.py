"""Corpora as users have them: every format, every way to name files, every fault."""

import csv
import gzip
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfcli.data.formats import joined_rows, table_rows
from tfcli.data.readers import read_documents
from tfcli.data.text import PART_CHARACTERS
from tfcli.errors import DataError, UsageError


def texts(*sources):
    """The documents of a corpus, the parts of each joined."""
    result, current = [], ""
    for document in read_documents([str(source) for source in sources]):
        assert (document.part > 0) == bool(current)
        current += document.text
        if document.ends:
            result.append(current)
            current = ""
    assert not current
    return result


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def error(*sources):
    with pytest.raises(DataError) as caught:
        texts(*sources)
    return caught.value


# ------------------------------------------------------------------------------- formats


def test_text_is_kept_as_it_is_and_cut_at_markers(tmp_path):
    stories = "\ufeff One cat.\r\n\tTwo\u2028cats.\n<|endoftext|>\nThree.  \n\n<|endoftext|>四只猫"
    path = write(tmp_path / "stories.txt", stories)
    assert texts(path) == [" One cat.\r\n\tTwo\u2028cats.\n", "Three.  \n\n", "四只猫"]


def test_markdown_is_one_document(tmp_path):
    path = write(tmp_path / "page.md", "# A\n<|endoftext|>\nB\n")
    assert texts(path) == ["# A\n<|endoftext|>\nB\n"]


def test_jsonl_text_and_chats(tmp_path):
    parts = [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo.\n"}]
    chat = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": parts}]
    lines = [{"text": "A cat.\u2028", "id": 1}, {"messages": chat}, {"text": " \n"}]
    content = "\n\n".join(json.dumps(line) for line in lines)
    path = write(tmp_path / "a.jsonl", content)
    assert texts(path) == [
        "A cat.\u2028",
        "<|im_start|>user\n你好<|im_end|>\n<|im_start|>assistant\nHello.\n<|im_end|>\n",
    ]
    assert [document.source for document in read_documents([path])] == [f"{path}:1", f"{path}:3"]


def test_csv_with_a_text_column(tmp_path):
    long = "x" * 200_000  # the csv module's own limit for a field is 131,072
    path = write(
        tmp_path / "a.csv",
        f'\ufeffid,Text\r\n1,"He said ""no"",\r\nthen left."\r\n\r\n2,plain\r\n3,{long}\r\n',
    )
    assert texts(path) == ['He said "no",\r\nthen left.', "plain", long]


def test_tables_without_a_text_column_are_lines(tmp_path):
    table = write(tmp_path / "a.csv", 'Hi.,"Hello,\nyou"\nRun.,跑。\n')
    assert texts(table) == ["Hi.\tHello, you\nRun.\t跑。\n"]
    pairs = 'Hi.\t嗨。\n\n"Run.\t跑。"\r\nEnd\n'
    assert texts(write(tmp_path / "b.tsv", pairs)) == ['Hi.\t嗨。\n"Run.\t跑。"\nEnd\n']


def test_tsv_with_a_text_column_has_no_quotes(tmp_path):
    path = write(tmp_path / "a.tsv", 'id\ttext\n1\t"5 inches" is 5"\n2\tb\n')
    assert texts(path) == ['"5 inches" is 5"', "b"]


FIELD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@given(st.lists(st.lists(FIELD, min_size=2, max_size=4), min_size=1, max_size=6))
def test_any_csv_that_python_writes_is_read_back(rows):
    table = io.StringIO(newline="")
    csv.writer(table).writerows(rows)
    assert [row for _, row in table_rows([table.getvalue()], "f", tabs=False)] == rows
    lines = "".join(joined_rows(enumerate(rows)))
    assert lines.count("\n") == len(rows)


def test_parquet(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="the optional package for parquet")
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [1, 2, 3], "text": ["A cat.", None, "一只猫"]}), path)
    assert texts(path) == ["A cat.", "一只猫"]
    pq.write_table(pa.table({"messages": [[{"role": "user", "content": "Hi"}]]}), path)
    assert texts(path) == ["<|im_start|>user\nHi<|im_end|>\n"]
    pq.write_table(pa.table({"body": ["x"]}), path)
    assert "no column `text` or `messages` (its columns: 'body')" in error(path).message
    whole = path.read_bytes()
    for damaged in (whole[:-9], whole[:40], b"PAR1" + bytes(50), b""):
        write(path, damaged)
        assert f"{path} is not a readable parquet file" in error(path).message


def test_parquet_without_its_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = write(tmp_path / "a.parquet", b"PAR1")
    with pytest.raises(UsageError) as caught:
        texts(path)
    assert caught.value.hint == "pip install 'tfcli[data]'"


def test_a_long_document_comes_in_parts(tmp_path):
    text = "".join(f"Line {number} of a long book.\n" for number in range(20_000))
    path = write(tmp_path / "book.txt", text + "<|endoftext|>\nNext.")
    documents = list(read_documents([path]))
    assert "".join(document.text for document in documents) == text + "Next."
    assert [document.part for document in documents] == [*range(len(documents) - 1), 0]
    assert [document.ends for document in documents[-3:]] == [False, True, True]
    assert all(len(document.text) <= PART_CHARACTERS for document in documents)
    assert all(document.text.endswith("\n") for document in documents[:-1])


def test_line_ends_of_a_gzipped_file_are_kept(tmp_path):
    path = write(tmp_path / "a.txt.gz", gzip.compress(b"a\r\nb\rc\n"))
    assert texts(path) == ["a\r\nb\rc\n"]


# ---------------------------------------------------------------------- naming the files


def test_folders_are_read_in_order_without_hidden_and_unknown_files(tmp_path):
    for name in ("b.txt", "a/2.md", "a/1.txt.gz", "a-b.txt", ".hidden.txt", ".git/x.txt", "x.png"):
        content = gzip.compress(name.encode()) if name.endswith(".gz") else name
        write(tmp_path / name, content)
    assert texts(tmp_path) == ["a/1.txt.gz", "a/2.md", "a-b.txt", "b.txt"]


def test_a_loop_of_links_ends_and_a_link_to_nothing_is_named(tmp_path):
    write(tmp_path / "sub/a.txt", "once")
    (tmp_path / "sub/back").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "sub")
    assert texts(tmp_path) == ["once"]
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    assert str(tmp_path / "gone.txt") in error(tmp_path).message
    (tmp_path / "loop.txt").symlink_to(tmp_path / "loop.txt")
    assert "loop.txt" in error(tmp_path / "loop.txt").message


def test_sockets_and_pipes_in_a_folder_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    write(tmp_path / "a.txt", "A.")
    assert texts(tmp_path) == ["A."]


def test_globs_give_what_a_shell_gives(tmp_path):
    for name in ("b.txt", "a.log", "sub/c.txt", "[x].txt", ".d.txt"):
        write(tmp_path / name, name)
    assert texts(tmp_path / "*.txt") == ["[x].txt", "b.txt"]
    assert texts(tmp_path / "**/*.txt") == ["[x].txt", "b.txt", "sub/c.txt"]
    assert texts(tmp_path / "*.log") == ["a.log"]
    assert texts(tmp_path / "[x].txt") == ["[x].txt"]  # the file itself, not the pattern
    assert "No file matches" in error(tmp_path / "*.csv").message


def test_sources_are_read_in_the_order_given(tmp_path):
    a, b = write(tmp_path / "a.txt", "A"), write(tmp_path / "b", "B")
    assert texts(b, a, b) == ["B", "A", "B"]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO("One.<|endoftext|>二。".encode()))
    )
    assert texts("-") == ["One.", "二。"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\xff")))
    assert "standard input is not UTF-8 text: byte 0xff at offset 1" in error("-").message


def test_a_terminal_is_not_waited_for(monkeypatch):
    stdin = io.TextIOWrapper(io.BytesIO(b"text"))
    monkeypatch.setattr(stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(UsageError) as caught:
        texts("-")
    assert caught.value.hint


def test_a_pipe_given_as_a_file(tmp_path):
    read, written = os.pipe()
    os.write(written, b"from a pipe")
    os.close(written)
    try:
        assert texts(f"/dev/fd/{read}") == ["from a pipe"]
    finally:
        os.close(read)


# -------------------------------------------------------------------------------- faults


def test_a_missing_file_suggests_what_is_near(tmp_path):
    write(tmp_path / "shakespeare.txt.xz", "")
    write(tmp_path / "books.txt", "")
    for name in ("shakespear.txt", "shakespeare", "shakespeare.txt"):
        assert error(tmp_path / name).hint == f"Did you mean {tmp_path / 'shakespeare.txt.xz'}?"
    assert error(tmp_path / "book.txt").hint == f"Did you mean {tmp_path / 'books.txt'}?"
    assert error(tmp_path / "zzz").hint is None
    assert "nor does the folder" in error(tmp_path / "no" / "a.txt").message


def test_corpora_without_text(tmp_path):
    empty, blank = write(tmp_path / "a/e.txt", ""), write(tmp_path / "a/b.txt", " \n\t\n")
    nothing = [empty, blank, tmp_path / "a", write(tmp_path / "e.csv", "text\n"),
               write(tmp_path / "e.jsonl", "\n\n"), write(tmp_path / "b.txt", b"\xef\xbb\xbf"),
               write(tmp_path / "e.txt.gz", b""),
               write(tmp_path / "long.txt", "\n" * 2 * PART_CHARACTERS)]  # fmt: skip
    for source in nothing:
        assert "no text" in error(source).message, source
    (tmp_path / "none").mkdir()
    assert "holds no text" in error(tmp_path / "none").message
    assert "no file was named" in error().message
    good = write(tmp_path / "a/good.txt", "Words.")
    assert texts(tmp_path / "a") == ["Words."]  # an empty file among others is no fault
    assert "e.txt holds no text" in error(good, empty).message  # named itself, it is


def test_bad_utf8_says_file_offset_and_line(tmp_path):
    good = "猫\n".encode() * 100_000
    path = write(tmp_path / "latin.txt.gz", gzip.compress(good + b"caf\xe9 au lait\n"))
    assert error(path).message == (
        f"{path} is not UTF-8 text: byte 0xe9 at offset {len(good) + 3:,} (line 100,001)."
    )


def test_a_binary_file_is_called_binary(tmp_path):
    assert "binary file" in error(write(tmp_path / "a.txt", b"ELF\0\0\xff")).message
    assert "a device" in error("/dev/zero").message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "a"', "not a line of JSON: Expecting ',' delimiter (column 13)"),
        ("[1]", "it is a list, not an object"),
        ('{"title": "x"}', "neither `text` nor `messages` (its fields: 'title')"),
        ('{"text": 5}', "its `text` is of type int"),
        ('{"text": "\\ud800"}', "half of a surrogate pair"),
        ('{"text": "a\\u0000"}', "a NUL character"),
        ("[" * 200_000, "not a usable line of JSON"),
        ("9" * 5_000, "not a usable line of JSON"),
        ('{"messages": "hi"}', "`messages` are a string"),
        ('{"messages": ["hi"]}', "message 1 is not"),
        ('{"messages": [{"role": "user", "content": null}]}', "its content is null"),
        (
            '{"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}',
            "message 1 has a part that is not text (image_url)",
        ),
    ],
)
def test_a_bad_jsonl_line_is_named(tmp_path, line, reason):
    path = write(tmp_path / "a.jsonl", '{"text": "fine"}\n' + line + "\n")
    message = error(path).message
    assert message.startswith(f"{path}:2: ")
    assert reason in message


@pytest.mark.parametrize(
    ("table", "line"),
    [('a,b\n"open,c\nd\n', 3), ('a,b\n"x"y,c\n', 2), ("id,text\n1,x\n2\n", 3)],
)
def test_a_bad_csv_row_is_named(tmp_path, table, line):
    path = write(tmp_path / "a.csv", table)
    assert re.match(re.escape(f"{path}:{line}: "), error(path).message)


def test_a_record_without_end_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("tfcli.data.text.LINE_CHARACTERS", 1 << 18)
    monkeypatch.setattr("tfcli.data.formats.LINE_CHARACTERS", 1 << 18)
    endless = write(tmp_path / "a.jsonl", '{"text": "' + "a" * (1 << 20))
    assert "longer than 262,144 characters" in error(endless).message
    open_quote = write(tmp_path / "a.csv", 'id,text\n1,"' + "a\n" * (1 << 19))
    assert "field larger than field limit" in error(open_quote).message

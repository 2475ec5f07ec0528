"""`tfcli explain --teach`: the language is the one that was named, else the locale's."""

import pytest

CHINESE = "语言模型"  # of the first lesson; a model may answer in Chinese as well
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def locale(monkeypatch: pytest.MonkeyPatch):
    def set_to(**values: str) -> None:
        for name in LOCALES:
            monkeypatch.delenv(name, raising=False)
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return set_to


def test_the_language_is_that_of_the_locale(tfcli_explain, locale):
    locale(LANG="zh_CN.UTF-8")
    assert CHINESE in tfcli_explain("The cat", "--teach")[1]
    locale(LANG="zh_CN.UTF-8", LC_ALL="de_DE.UTF-8")
    code, out, _ = tfcli_explain("The cat", "--teach")
    assert code == 0 and CHINESE not in out
    assert "A language model predicts the next token" in out


def test_a_named_language_wins(tfcli_explain, locale):
    locale(LANG="en_GB.UTF-8")
    out = tfcli_explain("The cat", "--teach", "--lang", "zh", "--section", "qkv,next")[1]
    assert "提问（Q）" in out and "概率" in out
    assert "没有这样的" not in out and "语言模型" not in out


def test_lang_alone_teaches(tfcli_explain, locale):
    locale(LANG="en_GB.UTF-8")
    assert "语言模型" in tfcli_explain("The cat", "--lang", "zh")[1]


def test_without_teach_nothing_is_taught(tfcli_explain, locale):
    locale(LANG="zh_CN.UTF-8")
    assert CHINESE not in tfcli_explain("The cat")[1]


def test_a_language_that_is_not_there(tfcli_explain):
    code, out, err = tfcli_explain("The cat", "--teach", "--lang", "fr")
    assert code == 2 and not out and "zh" in err

"""What a wheel and an sdist hold."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist of this checkout, built offline."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return folder


def test_the_wheel_holds_both_packages_the_tokenizer_and_the_completions(built):
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = next(n for n in names if n.endswith("/entry_points.txt"))
        assert "tfcli = tfcli.main:main" in archive.read(entry_points).decode()
        shipped = archive.read("tfcli_tokenizer/default.model")
    assert shipped == (ROOT / "tokenizer" / "default.model").read_bytes()
    for package, folder in (("tfcli", ROOT), ("tfcli_tokenizer", ROOT / "tokenizer")):
        modules = {p.relative_to(folder).as_posix() for p in (folder / package).rglob("*.py")}
        assert modules <= names
    page = ROOT / "tfcli" / "view" / "html"
    parts = {f"tfcli/view/html/{p.name}" for p in page.iterdir() if p.suffix in (".css", ".js")}
    assert len(parts) > 5 and parts <= names
    for place in ("bash-completion/completions/tfcli", "zsh/site-functions/_tfcli"):
        assert any(name.endswith(f".data/data/share/{place}") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"tfcli", "tfcli_tokenizer"}
    assert not [name for name in names if "__pycache__" in name]


def test_the_sdist_holds_what_a_wheel_is_built_from(built):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {"pyproject.toml", "README.md", "LICENSE", "tokenizer/default.model", "tfcli/main.py"}
    assert wanted | {"completions/_tfcli", "tests/test_packaging.py"} <= names

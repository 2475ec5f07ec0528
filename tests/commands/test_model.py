"""`tfcli model list`, `info` and `plan`, whole: as text, as JSON, in any width, and every error."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from tfcli_tokenizer import default_tokenizer_path, load_tokenizer
from tiny import GPT2, QWEN3, redraw

from tfcli.api import load_model
from tfcli.checkpoint.write import write_checkpoint
from tfcli.cli.app import build
from tfcli.families import MODEL_TYPES
from tfcli.families.presets import PRESETS
from tfcli.main import run
from tfcli.model.config import ModelConfig
from tfcli.model.transformer import Transformer

TOKENIZER = load_tokenizer(default_tokenizer_path())
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
Call = Callable[..., tuple[int, str, str]]
Write = Callable[..., Path]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Write:
    """Write a model of a configuration, each once, and copy it after that."""
    folder, made = tmp_path_factory.mktemp("models"), dict[tuple[int, int], Path]()

    def write(path: Path, config: ModelConfig, step: int = 0) -> Path:
        key = (config.num_kv_heads, step)
        if key not in made:
            model = Transformer(dataclasses.replace(config, vocab_size=TOKENIZER.vocab_size)).eval()
            redraw(model)
            training = {"step": step, "tokens": 9000, "best_loss": 1.25} if step else {}
            made[key] = folder / f"{len(made)}"
            write_checkpoint(made[key], model, TOKENIZER, training, chat_template=TEMPLATE)
        shutil.copytree(made[key], path)
        return path

    return write


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, and nothing in the environment that changes the screens."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TFCLI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TFCLI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(os, "fsync", lambda _: None)  # it takes most of the time
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def model(work: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Run `tfcli model ...`; returns (code, stdout, stderr), the last with lines joined."""

    def call(*words: str) -> tuple[int, str, str]:
        code = run(["model", *words])
        shown = capsys.readouterr()
        return code, shown.out, " ".join(shown.err.replace("│", " ").split())

    return call


def flat(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------------------------- plan


def test_a_head_s_width_follows_from_the_number_of_heads(model: Call) -> None:
    """The lecture's GPT-3: 12288 wide, V is 128 wide in 96 heads and 768 in 16."""
    for words, heads, wide in (((), 96, 128), (("--heads", "16"), 16, 768)):
        code, out, _ = model("plan", "gpt3-175b", *words)
        assert code == 0
        assert f"12,288 wide = {heads} heads × {wide}: each head's V is {wide} wide" in flat(out)
        rows = [line for line in out.splitlines() if line.split()[:1] == ["V"]]
        assert rows[0].split("]")[0].endswith(f"[1, {heads}, 2048, {wide}")


def test_a_plan_says_what_the_model_costs(model: Call) -> None:
    code, out, _ = model("plan", "gpt3-175b")
    text = flat(out)
    assert code == 0
    assert "174,604,259,328" in text
    assert "feed-forward is 67% of a block, 66% of the model" in text
    assert "float32 698 GB · bfloat16 or float16 349 GB" in text
    assert "4.72 MB a token" in text
    assert "96 layers × 96 heads × 2 × 128 = 2,359,296 numbers of 2 bytes" in text
    assert "[1, 96, 2048, 2048]" in text


def test_a_plan_as_json_has_every_tensor(model: Call) -> None:
    code, out, err = model("plan", "deepseek-v3", "--tokens", "100", "--batch", "3", "--json")
    assert (code, err) == (0, "")
    plan = json.loads(out)
    assert plan["schema"] == "tfcli.model.plan/1"
    assert plan["input"] == {"batch": 3, "tokens": 100, "source_tokens": None}
    blocks = [section for section in plan["sections"] if section["name"] == "block"]
    assert [(len(b["layers"]), b["layers"][0]) for b in blocks] == [(3, 0), (58, 3)]
    tensors = {(t["module"], t["name"]): t for t in blocks[1]["tensors"]}
    assert tensors["attention", "V"]["shape"] == [3, 128, 100, 128]
    assert tensors["feed-forward", "chosen"]["shape"] == [3, 100, 8]
    experts = tensors["feed-forward", "neurons"]["parameters"]
    assert experts["feed_forward.experts.gate"] == [256, 2048, 7168]
    assert plan["parameters"]["total"] == 671_026_419_200
    assert plan["memory"]["bfloat16"] == 2 * 671_026_419_200
    assert plan["kv_cache"]["elements_per_token"] == 61 * (512 + 64)
    assert plan["work"]["token"] == plan["work"]["matrices"] + plan["work"]["attention"]
    stood = sum(
        len(section["layers"] or [0]) * tensor["parameter_count"]
        for section in plan["sections"]
        for tensor in section["tensors"]
    )
    assert stood == plan["parameters"]["total"]


def test_every_size_can_be_chosen(model: Call) -> None:
    words = ("--layers", "3", "--heads", "6", "--kv-heads", "2", "--head-dim", "10")
    words += ("--hidden-size", "48", "--intermediate-size", "77", "--vocab-size", "99")
    code, out, _ = model("plan", "llama-3-8b", *words, "--dtype", "float32", "--json")
    assert code == 0
    plan = json.loads(out)
    found = {name: plan["config"][name] for name in ("num_layers", "num_heads", "num_kv_heads")}
    assert found == {"num_layers": 3, "num_heads": 6, "num_kv_heads": 2}
    sizes = {n: plan["config"][n] for n in ("head_dim", "hidden_size", "intermediate_size")}
    assert sizes == {"head_dim": 10, "hidden_size": 48, "intermediate_size": 77}
    assert plan["config"]["vocab_size"] == 99
    assert plan["kv_cache"]["bytes_per_token"] == 3 * 2 * 2 * 10 * 4
    assert plan["changes"][:2] == ["3 layers", "6 heads"]


def test_an_encoder_decoder_has_both_sides(model: Call) -> None:
    words = ("plan", "transformer-2017-base", "--tokens", "7", "--source-tokens", "5")
    code, out, _ = model(*words)
    assert code == 0
    assert "ENCODER BLOCKS 0–5" in out
    assert "DECODER BLOCKS 0–5" in out
    assert "[1, 8, 7, 5]" in out  # of cross-attention: the decoder's queries, the encoder's keys


def test_a_plan_can_be_checked(model: Call) -> None:
    code, _, err = model("plan", "qwen3-0.6b", "--layers", "2", "--check")
    assert code == 0
    assert "Checked: 24 parameters" in err


def test_a_wrong_plan_is_told(model: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from tfcli.checkpoint import meta_check

    real = meta_check.empty_model
    monkeypatch.setattr(
        meta_check,
        "empty_model",
        lambda file, config: real(file, dataclasses.replace(config, intermediate_size=17)),
    )
    code, _, err = model("plan", "qwen3-0.6b", "--layers", "1", "--check")
    assert code == 1
    assert "not as planned" in err
    assert "planned [1, 2048, 3072], run [1, 2048, 17]" in err


def test_a_config_file_a_model_and_a_run_can_be_planned(
    model: Call, work: Path, written: Write
) -> None:
    run_folder = work / "runs" / "first"
    written(run_folder / "best", QWEN3)
    (work / "mine.json").write_text((run_folder / "best" / "config.json").read_text())
    plans = []
    for name in ("mine.json", "runs/first", "runs/first/best", "runs/first/best/config.json"):
        code, out, err = model("plan", name, "--json")
        assert code == 0, err
        plans.append({k: v for k, v in json.loads(out).items() if k != "model"})
    assert all(plan == plans[0] for plan in plans)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("gpt3",), 3, "Did you mean gpt3-6.7b, gpt3-175b?"),
        (("qwertz",), 3, "list --presets"),
        (("runs/none",), 3, "no model at runs/none"),
        (("gpt2", "--heads", "5"), 2, "cannot be shared out among 5 heads"),
        (("gpt2", "--heads", "0"), 2, "from 1 to"),
        (("llama-3-8b", "--kv-heads", "3"), 2, "cannot share 3 key/value heads"),
        (("gpt2", "--tokens", "1025"), 2, "learned 1,024 positions"),
        (("gpt2", "--source-tokens", "3"), 2, "encoder beside a decoder"),
        (("gpt2", "--layers", "1001", "--check"), 2, "at most 1,000 layers"),
        (("llama-3-8b", "--head-dim", "3"), 2, "an odd number"),
    ],
)
def test_what_cannot_be_planned(model: Call, words: tuple[str, ...], code: int, said: str) -> None:
    found, out, err = model("plan", *words)
    assert (found, out) == (code, "")
    assert said in err
    assert "Traceback" not in err


def test_an_unknown_type_names_the_nearest(model: Call, work: Path) -> None:
    fields = {"model_type": "granite", "vocab_size": 9, "hidden_size": 8, "num_hidden_layers": 1}
    fields |= {"num_attention_heads": 2, "intermediate_size": 8, "residual_multiplier": 0.2}
    (work / "config.json").write_text(json.dumps(fields))
    for command in ("plan", "info"):
        code, out, err = model(command, "config.json")
        assert (code, out) == (4, "")
        assert "nearest type that can is llama" in err
        assert "residual_multiplier (0.2)" in err


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_gpt3_is_planned_in_a_second_and_without_memory(work: Path) -> None:
    """No torch is loaded, and the whole process stays below 400 MB and 2 s."""
    program = (
        "import json, resource, sys\n"
        "from tfcli.main import run\n"
        "code = run(['model', 'plan', 'gpt3-175b'])\n"
        "used = resource.getrusage(resource.RUSAGE_SELF)\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "found = {'code': code, 'kB': int(status['VmHWM'].split()[0])}\n"
        "found['seconds'] = used.ru_utime + used.ru_stime\n"
        "found['heavy'] = sorted({'torch', 'numpy', 'tokenizers'} & set(sys.modules))\n"
        "print(json.dumps(found), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    found = json.loads(done.stderr)
    assert (found["code"], found["heavy"]) == (0, [])
    assert found["kB"] < 400_000
    assert found["seconds"] < 2


# --------------------------------------------------------------------------------- info


def test_info_counts_what_loading_gives(model: Call, work: Path, written: Write) -> None:
    for name, config in (("a", QWEN3), ("b", GPT2)):
        written(work / name, config, step=30)
        code, out, _ = model("info", name, "--json")
        assert code == 0
        facts, loaded = json.loads(out), load_model(name, device="cpu")
        assert facts["schema"] == "tfcli.model.info/1"
        assert facts["parameters"]["total"] == loaded.model.num_parameters()
        assert facts["config"] == json.loads(json.dumps(loaded.config.to_dict()))
        assert facts["model_type"] == loaded.family
        weights = sum(p.numel() for p in loaded.model.parameters())
        assert facts["weights"] == {"bytes": 4 * weights, "elements": {"F32": weights}}
        assert {file["name"] for file in facts["files"]} == {
            p.name for p in (work / name).iterdir()
        }
        assert facts["tokenizer"]["fingerprint"] == TOKENIZER.fingerprint
        assert facts["chat_template"] == "chat_template.jinja"
        assert facts["training"]["step"] == 30


def test_info_says_it_in_words(model: Call, work: Path, written: Write) -> None:
    written(work / "runs" / "first" / "best", QWEN3, step=30)
    code, out, err = model("info")  # the newest run
    text = flat(out)
    assert code == 0
    assert "runs/first/best" in text
    assert "decoder-only, qwen3" in text
    assert "RMSNorm before each module and at the end" in text
    assert "rotary (RoPE), base 500" in text
    assert "4 heads × 16, 2 share a key/value head (GQA)" in text
    assert "SwiGLU, 80 wide" in text
    assert "8,000 ids" in text
    assert "a template in chat_template.jinja" in text
    assert "by tfcli · 30 steps · 9,000 tokens · best loss 1.250" in text
    assert "model.safetensors" in text
    assert "tfcli model plan runs/first/best" in err


def test_info_works_without_a_tokenizer_and_without_weights(
    model: Call, work: Path, written: Write
) -> None:
    folder = written(work / "model", QWEN3)
    for file in folder.iterdir():
        if file.name != "config.json":
            file.unlink()
    for name in ("model", "model/config.json"):
        code, out, _ = model("info", name)
        assert code == 0
        assert "none: the model works on ids" in out
        assert "no weights" in out


def test_a_damaged_tokenizer_is_told_and_the_rest_shown(
    model: Call, work: Path, written: Write
) -> None:
    folder = written(work / "model", QWEN3)
    for name in ("tokenizer.model", "tokenizer.json"):
        (folder / name).write_text("{")
    code, out, _ = model("info", "model")
    assert code == 0
    assert "cannot be used:" in out
    assert "PARAMETERS" in out
    assert json.loads(model("info", "model", "--json")[1])["tokenizer"]["fault"]


def test_a_name_that_would_move_the_cursor_does_not(
    model: Call, work: Path, written: Write
) -> None:
    folder = written(work / "model", QWEN3)
    (folder / "a\x1b[2Jb.json").write_text("{}")
    code, out, _ = model("info", "model")
    assert code == 0
    assert "\x1b" not in out
    assert "a\\x1b[2Jb.json" in out


def test_info_loads_no_torch(work: Path, written: Write) -> None:
    written(work / "model", QWEN3)
    program = (
        "import sys\nfrom tfcli.main import run\n"
        "code = run(['model', 'info', 'model', '--json'])\n"
        "print(code, 'torch' in sys.modules, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stderr.split() == ["0", "False"]
    assert json.loads(done.stdout)["parameters"]["total"] > 0


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("none", 3, "no model at none"), ("empty", 3, "is not a model"), ("note.txt", 3, "no model")],
)
def test_what_is_no_model(model: Call, work: Path, name: str, code: int, said: str) -> None:
    (work / "empty").mkdir()
    (work / "note.txt").write_text("a note")
    found, out, err = model("info", name)
    assert (found, out) == (code, "")
    assert said in err


# --------------------------------------------------------------------------------- list


def test_the_models_at_hand_are_listed(model: Call, work: Path, written: Write) -> None:
    code, out, err = model("list")
    assert (code, out) == (0, "")
    assert "tfcli train" in err
    for name, config in (("old", QWEN3), ("new", GPT2)):
        written(work / "runs" / name / "last", config)
    (work / "runs" / "broken" / "last").mkdir(parents=True)
    (work / "runs" / "broken" / "last" / "config.json").write_text("{")
    os.utime(work / "runs" / "old" / "last" / "config.json", (1, 1))
    code, out, err = model("list")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["runs/broken", "runs/new", "runs/old"]
    assert "damaged" in lines[1]
    assert lines[2].split()[1] == "gpt2"
    rows = json.loads(model("list", "--json")[1])["models"]
    total = load_model("runs/new", device="cpu").model.num_parameters()
    assert [row["parameters"] for row in rows][1] == total
    assert rows[0]["fault"]
    assert rows[1]["fault"] is None


def test_types_and_presets_are_listed(model: Call) -> None:
    code, out, _ = model("list", "--types")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines() if line[1] != " "] == list(MODEL_TYPES)
    types = json.loads(model("list", "--types", "--json")[1])["types"]
    assert all(len(words) > 20 for words in types.values())
    code, out, _ = model("list", "--presets")
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(PRESETS)
    presets = json.loads(model("list", "--presets", "--json")[1])["presets"]
    assert [each["name"] for each in presets] == list(PRESETS)
    assert model("list", "--types", "--presets")[0] == 2


# --------------------------------------------------------------------------------- looks

SCREENS = [
    *[
        ("plan", name)
        for name in ("gpt3-175b", "deepseek-v3", "t5-11b", "gemma-3-27b", "bert-base")
    ],
    ("info", "model"),
    ("list",),
    ("list", "--types"),
    ("list", "--presets"),
]


@pytest.mark.parametrize("words", SCREENS, ids=" ".join)
def test_a_screen_fits_and_is_plain_in_a_pipe(
    model: Call, work: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, written: Write
) -> None:
    written(work / "model", QWEN3, step=3)
    written(work / "runs" / "first" / "best", QWEN3)
    for columns in ("80", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        code, out, _ = model(*words)
        assert code == 0
        assert "\x1b" not in out
        assert max(map(cell_len, out.splitlines())) <= int(columns)
        if columns == "80":
            assert "…" not in re.sub(r"\d, …", "", out), "nothing is cut"
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = model("--ascii", *words)
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 80
    assert "\\u" not in out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[" in model(*words)[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search(r"\x1b\[[\d;]*3\d", model(*words)[1])


# --------------------------------------------------------------------------------- the command


@pytest.mark.parametrize("name", ["list", "info", "plan", "pull", "export"])
def test_a_help_screen_fits_and_says_everything(model: Call, name: str) -> None:
    code, out, err = model(name, "--help")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert f"  tfcli model {name}" in out.split("\nExamples\n")[1]
    (command,) = [c for n, c in build().commands["model"].commands.items() if n == name]
    assert all(parameter.help for parameter in command.params)


def test_a_settings_file_still_names_the_model(model: Call, work: Path) -> None:
    """`model = …` is the shared option, not a table of this command."""
    (work / "tfcli.toml").write_text('model = "runs/first"\n')
    assert model("plan", "gpt2")[0] == 0
    (work / "tfcli.toml").write_text("[model.plan]\nlayers = 3\n")
    code, _, err = model("plan", "gpt2")
    assert code == 2
    assert "tfcli.toml" in err

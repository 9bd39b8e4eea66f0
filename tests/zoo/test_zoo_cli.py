"""`python -m zoo`: exit status 0, or 2 with one sentence on standard error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from fake_hub import COMMIT, FakeHub
from tiny_zoo import CONFIG, REPO, entry, pickled_weights, pinned

from zoo.__main__ import main
from zoo.catalog import read_catalog
from zoo.command_line import Parser, carry_out
from zoo.files import read_weights, sha256_of, write_checkpoint

ROOT = Path(__file__).parents[2]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command line that must fail with status 2, and return its one sentence."""

    def run(*arguments: str) -> str:
        assert main(arguments) == 2
        out, sentence = capsys.readouterr()
        assert out == ""
        assert sentence.count("\n") == 1
        assert sentence.endswith(".\n")
        return sentence

    return run


def test_list_is_an_aligned_table_of_states(
    hub: FakeHub, use_catalog, capsys: pytest.CaptureFixture[str], weights: bytes
) -> None:
    closed = entry("closed", source='"official"', official='"https://example.org"', preset='"coco"', licence='"BSD"')
    keras = entry("keras", config="{}", unsupported='"It is in the format of Keras."')
    use_catalog(entry() + entry("other", **pinned(weights)) + closed + entry("a-builtin", source='"builtin"') + keras)
    assert main(["pull", "tiny"]) == 0
    capsys.readouterr()
    assert main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    column = lines[0].index("STATE")
    states = {line.split()[0]: line[column : column + 27].strip() for line in lines[1:]}
    assert states == {
        "tiny": "cached",
        "other": "can be pulled",
        "closed": "needs the authors' download",
        "a-builtin": "missing",
        "keras": "not readable here",
    }
    assert f"{len(weights) / 1e6:.1f} MB" in lines[2]


def test_list_of_the_shipped_catalogue_needs_no_network() -> None:
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"}
    answer = subprocess.run(
        [sys.executable, "-m", "zoo", "list"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "spade-street" in answer.stdout


def test_reader_that_stops_reading_is_no_error() -> None:
    command = [sys.executable, "-m", "zoo", "list"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert (process.stderr.read(), process.wait(timeout=60)) == ("", 141)
    process.stderr.close()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(28, "No space left on device"), "No space left on device.\n"),
        (OSError(13, "Permission denied", "out.png"), "out.png: Permission denied.\n"),
        (OSError("broke off"), "broke off.\n"),
    ],
)
def test_error_of_the_file_system_is_one_sentence(
    capsys: pytest.CaptureFixture[str], error: OSError, expected: str
) -> None:
    def fail(args: object) -> None:
        raise error

    parser = Parser(prog="test")
    parser.set_defaults(run=fail)
    assert carry_out(parser, []) == 2
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("command", ["pull", "pin"])
def test_address_that_huggingface_hub_cannot_be_imported_with(command: str, tmp_path: Path) -> None:
    environment = {**os.environ, "HF_ENDPOINT": "http://[bad", "SIMS_CACHE": str(tmp_path)}
    answer = subprocess.run(
        [sys.executable, "-m", "zoo", command, "huggan-maps"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("HF_ENDPOINT is 'http://[bad'; set it to the address")


def test_pull_prints_the_folder(hub: FakeHub, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pull", "tiny"]) == 0
    assert read_weights(Path(capsys.readouterr().out.strip()))


def test_names_that_are_not_there(hub: FakeHub, refused: Callable[..., str]) -> None:
    assert "There is no checkpoint called 'tyny'; close to it: tiny." in refused("pull", "tyny")
    for command in ("pull", "verify", "pin"):
        assert "python -m zoo list shows all" in refused(command, "zzzzzz")


def test_verify_reads_every_byte_again(
    hub: FakeHub, capsys: pytest.CaptureFixture[str], refused: Callable[..., str]
) -> None:
    assert "tiny is not here yet" in refused("verify", "tiny")
    main(["pull", "tiny"])
    file = Path(capsys.readouterr().out.strip()) / "model.safetensors"
    assert main(["verify", "tiny"]) == main(["verify"]) == 0
    assert "tiny: " in capsys.readouterr().out
    about, content = file.stat(), bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert "is not as it was pulled; python -m zoo pull tiny makes it anew" in refused("verify", "tiny")
    assert main(["verify"]) == 2
    assert capsys.readouterr().err == "1 of 1 checkpoints are damaged: tiny.\n"
    assert main(["pull", "tiny"]) == main(["verify"]) == 0


def test_pin_writes_what_the_hub_has_now(hub: FakeHub, use_catalog, weights: bytes) -> None:
    path = use_catalog("# a comment\n" + entry(trained_on='"maps"') + "\n# the next\n" + entry("other"))
    assert main(["pin", "tiny"]) == 0
    pinned_entry = read_catalog(path).entries["tiny"]
    assert (pinned_entry.revision, pinned_entry.size_bytes) == (COMMIT, (len(weights),))
    assert pinned_entry.sha256 == (sha256_of(hub.root / "models" / REPO / "pytorch_model.bin"),)
    assert not pinned_entry.verified
    assert read_catalog(path).entries["other"].revision == ""
    assert "# a comment\n" in path.read_text()
    assert "\n\n# the next\n" in path.read_text()
    assert hub.downloads() == []


def test_pin_again_after_the_file_was_replaced(hub: FakeHub, use_catalog, weights: bytes) -> None:
    path = use_catalog(entry(**pinned(weights)))
    hub.add(REPO, "pytorch_model.bin", pickled_weights(seed=2))
    assert main(["pin", "tiny"]) == 0
    found = read_catalog(path).entries["tiny"].sha256
    assert found == (sha256_of(hub.root / "models" / REPO / "pytorch_model.bin"),)
    assert path.read_text().count("sha256 = ") == 1


def test_pin_of_what_was_pulled_is_verified(hub: FakeHub, use_catalog) -> None:
    path = use_catalog(entry(verified="false"))
    assert main(["pull", "tiny"]) == 0
    assert main(["pin", "tiny"]) == 0
    assert read_catalog(path).entries["tiny"].verified


def test_pin_of_a_small_file_downloads_it_for_its_hash(hub: FakeHub, use_catalog) -> None:
    path = use_catalog(entry(files='["small.txt"]'))
    file = hub.add(REPO, "small.txt", b"not in LFS")
    assert main(["pin", "tiny"]) == 0
    assert read_catalog(path).entries["tiny"].sha256 == (sha256_of(file),)


def test_pin_of_a_built_in_checkpoint(use_catalog, cache: Path, tmp_path: Path, monkeypatch, refused) -> None:
    path = use_catalog(entry("mine", source='"builtin"', files='["model.safetensors"]'))
    monkeypatch.setattr("zoo.hub.BUILTIN", tmp_path / "builtin")
    assert "holds no model.safetensors" in refused("pin", "mine")
    write_checkpoint(tmp_path / "builtin" / "mine", {"a": torch.zeros(4)}, {"format": 1, "family": "huggan", **CONFIG})
    assert main(["pin", "mine"]) == main(["verify", "mine"]) == 0
    assert read_catalog(path).entries["mine"].sha256 == (
        sha256_of(tmp_path / "builtin" / "mine" / "model.safetensors"),
    )


def test_built_in_checkpoint_that_was_changed_is_refused(
    use_catalog, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str], capsys
) -> None:
    monkeypatch.setattr("zoo.hub.BUILTIN", tmp_path / "builtin")
    use_catalog(entry("mine", source='"builtin"', files='["model.safetensors"]', sha256=f'["{"b" * 64}"]'))
    write_checkpoint(tmp_path / "builtin" / "mine", {"a": torch.zeros(4)}, {"format": 1, "family": "huggan", **CONFIG})
    sentence = refused("pull", "mine")
    assert sentence.startswith("zoo/builtin/mine/model.safetensors has sha256 ")
    assert f"the catalogue says {'b' * 64}; restore the file as it was shipped" in sentence
    main(["list"])
    assert " damaged " in capsys.readouterr().out


def test_pin_of_an_entry_whose_table_is_written_in_another_way(hub: FakeHub, use_catalog, refused) -> None:
    path = use_catalog(entry().replace("[entry.tiny]", "[entry . tiny]"))
    before = path.read_text()
    assert "has no line [entry.tiny]" in refused("pin", "tiny")
    assert path.read_text() == before


def test_pin_of_an_official_download(use_catalog, cache: Path, refused: Callable[..., str]) -> None:
    use_catalog(entry(source='"official"', official='"https://example.org"', preset='"coco"'))
    assert "is not on the Hub, so it has no revision to pin" in refused("pin", "tiny")


def test_convert_with_a_config_file(tmp_path: Path, weights: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "g.bin").write_bytes(weights)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    out = tmp_path / "out"
    arguments = [
        "convert",
        "huggan",
        str(tmp_path / "g.bin"),
        "--out",
        str(out),
        "--config",
        str(tmp_path / "config.json"),
    ]
    assert main(arguments) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert len(read_weights(out)) == 17


def test_convert_refuses_what_it_cannot_use(tmp_path: Path, refused: Callable[..., str]) -> None:
    file, out = str(tmp_path / "g.pth"), str(tmp_path / "out")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    assert "invalid choice: 'gpt'" in refused("convert", "gpt", file, "--out", out)
    assert "g.pth" in refused("convert", "spade", file, "--out", out, "--preset", "coco")
    assert "no preset 'cocoa'" in refused("convert", "spade", file, "--out", out, "--preset", "cocoa")
    for name, reason in [
        ("gone.json", "cannot be read"),
        ("broken.json", "is not JSON"),
        ("list.json", "holds a list"),
    ]:
        assert reason in refused("convert", "huggan", file, "--out", out, "--config", str(tmp_path / name))
    assert "not allowed with argument" in refused(
        "convert", "spade", file, "--out", out, "--preset", "coco", "--config", "x"
    )
    assert "--out" in refused("convert", "spade", file)


def test_command_line_that_makes_no_sense(refused: Callable[..., str]) -> None:
    assert "required: COMMAND" in refused()
    assert "invalid choice: 'fly'" in refused("fly")
    assert "Unrecognized arguments: extra" in refused("list", "extra")


@pytest.mark.slow
def test_interrupt_is_clean(hub: FakeHub, tmp_path: Path, cache: Path) -> None:
    hub.seconds_to_answer = 4.0
    code = (
        "import sys\nfrom importlib import import_module\nfrom pathlib import Path\n"
        "import_module('zoo.catalog').CATALOG = Path(sys.argv[1])\n"
        "from zoo.__main__ import main\nsys.exit(main(['pull', 'tiny']))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "catalog-0.toml")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not hub.log:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out, errors) == (130, "", "Interrupted.\n")

"""What holds for the project as a whole: its shape, its arrows, its pins, its README and its tools."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from readme_table import with_table

from sims.label_space import label_space_names

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXT = {".py", ".md", ".toml", ".txt", ".js", ".css", ".html", ".json", ".yml", ""}
LEFT_BEHIND = {"__pycache__", "runs"}  # what git ignores
WORLD = ROOT / "zoo" / "world"  # the renderer: an extra with requirements of its own
SOURCES = [ROOT / "app.py", *sorted((ROOT / "sims").rglob("*.py")), *sorted((ROOT / "zoo").rglob("*.py"))]
MODULES = {  # what a requirement is imported as
    "bpy": "bpy",
    "gradio": "gradio",
    "httpx2": "httpx2",
    "huggingface-hub": "huggingface_hub",
    "numpy": "numpy",
    "openexr": "OpenEXR",
    "pillow": "PIL",
    "safetensors": "safetensors",
    "scikit-image": "skimage",
    "torch": "torch",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> set[str]:
    """Full dotted names of all that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def packages(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def text_files() -> list[Path]:
    folders = [ROOT / name for name in ("sims", "zoo", "tests", ".ci")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    return [path for path in files if path.suffix in TEXT and "__pycache__" not in path.parts]


def pins(name: str) -> dict[str, str]:
    """Requirement -> version of one file; every line must pin one exactly, or include another file."""
    found = {}
    for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
        if line != "-r ../requirements.txt":
            match = re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z]+\])?==([\d.]+)", line)
            assert match, f"{name}: {line!r} pins nothing"
            found[match[1]] = match[2]
    return found


def between(marker: str) -> str:
    """The code between two markers of the README."""
    block = README.split(f"<!-- {marker} -->\n")[1].split(f"<!-- /{marker} -->\n")[0]
    fence, *lines, end = block.splitlines()
    assert fence.startswith("```")
    assert end == "```"
    return "\n".join(lines)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)


# ------------------------------------------------------------------------------------------------ shape and arrows


def test_the_top_level_is_as_it_should_be() -> None:
    seen = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - LEFT_BEHIND
    assert seen == {"app.py", "sims", "zoo", "tests", "requirements.txt", "README.md", "pyproject.toml"}


def test_the_zoo_knows_nothing_of_the_models() -> None:
    for path in (ROOT / "zoo").rglob("*.py"):
        assert not packages(path) & {"sims", "app", "gradio"}, name_of(path)


def test_only_the_page_knows_gradio() -> None:
    for path in (ROOT / "sims").rglob("*.py"):
        if (ROOT / "sims" / "ui") not in path.parents:
            assert not packages(path) & {"gradio", "app"}, name_of(path)
            assert not any(name.startswith("sims.ui") for name in imports(path)), name_of(path)


def test_the_page_computes_no_tensors() -> None:
    for path in [ROOT / "app.py", *(ROOT / "sims" / "ui").rglob("*.py")]:
        assert not packages(path) & {"torch", "safetensors", "skimage"}, name_of(path)


def test_training_is_no_part_of_what_runs() -> None:
    for path in SOURCES:
        if (ROOT / "sims" / "training") not in path.parents:
            assert not any(name.startswith("sims.training") for name in imports(path)), name_of(path)


def test_the_renderer_is_no_part_of_what_runs() -> None:
    for path in SOURCES:
        if WORLD not in path.parents:
            assert not any(name.startswith("zoo.world") for name in imports(path)), name_of(path)
            assert not packages(path) & {"bpy", "OpenEXR"}, name_of(path)


def test_nothing_is_unpickled_or_evaluated() -> None:
    """Only `torch.load(weights_only=True)`, where foreign files are converted and where a training resumes its own."""
    forbidden = {
        "eval",
        "exec",
        "compile",
        "__import__",
        "os.system",
        "pickle.load",
        "pickle.loads",
        "pickle.Unpickler",
    }
    unpicklers = {ROOT / "zoo" / "convert", ROOT / "sims" / "training"}
    for path in SOURCES:
        if not unpicklers & set(path.parents):
            assert not packages(path) & {"pickle", "dill", "joblib", "shelve", "marshal"}, name_of(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            assert called not in forbidden, f"{name_of(path)}: {called}"
            if called == "torch.load":
                assert "weights_only=True" in map(ast.unparse, node.keywords), name_of(path)
                assert unpicklers & set(path.parents), name_of(path)


def test_files_can_be_read_in_one_sitting() -> None:
    written = [path for path in text_files() if path.suffix in {".py", ".js", ".css", ".html"}]
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in written}
    assert {name: length for name, length in lengths.items() if length > 420} == {}


def test_the_text_speaks_of_the_project_alone() -> None:
    words = [
        "/wo" + "rk/",
        "/ro" + "ot/",
        "/ho" + "me/",
        "py" + "pi.org",
        "python" + "hosted.org",
        "deb." + "debian.org",
    ]
    for path in text_files():
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], name_of(path)


def test_what_ships_is_small() -> None:
    sizes = {name_of(path): path.stat().st_size for path in (ROOT / "zoo" / "builtin").rglob("*") if path.is_file()}
    assert sum(sizes.values()) < 90e6
    assert not [name for name in sizes if Path(name).suffix in {".pth", ".pt", ".bin", ".pkl", ".ckpt"}]


# ----------------------------------------------------------------------------------------------------- pins and tools


def test_the_pins_are_what_is_tested() -> None:
    for name in ("requirements.txt", "tests/requirements.txt"):
        for package, version in pins(name).items():
            assert importlib.metadata.version(package).split("+")[0] == version, package


def test_every_requirement_is_used_and_every_use_required() -> None:
    for file, extra in (("requirements.txt", False), ("zoo/world/requirements.txt", True)):
        sources = [path for path in SOURCES if (WORLD in path.parents) == extra]
        used = set().union(*(packages(path) for path in sources)) - {"sims", "zoo"} - sys.stdlib_module_names
        assert used == {MODULES[name] for name in pins(file)}, file


def test_ruff_finds_nothing() -> None:
    checked = run("ruff", "check", ".")
    assert checked.returncode == 0, checked.stdout
    formatted = run("ruff", "format", "--check", ".")
    assert formatted.returncode == 0, formatted.stdout


@pytest.mark.slow
def test_the_types_are_right() -> None:
    checked = run("mypy")
    assert checked.returncode == 0, checked.stdout


# ------------------------------------------------------------------------------------------------------------- README


def test_the_space_runs_the_gradio_that_is_pinned() -> None:
    front = README.split("---\n")[1]
    fields = dict(line.split(": ", 1) for line in front.splitlines())
    assert fields["sdk"] == "gradio"
    assert fields["sdk_version"] == pins("requirements.txt")["gradio"]
    assert fields["app_file"] == "app.py"
    assert fields["python_version"] == '"3.11"'
    assert len(fields["short_description"]) <= 60


def test_the_two_commands_are_whole() -> None:
    started, tested = between("run-command"), between("test-command")
    assert "\n" not in started + tested
    assert ".venv/bin/pip install -r requirements.txt" in started
    assert started.endswith("&& .venv/bin/python app.py")
    assert "apt-get install -y --no-install-recommends chromium" in tested
    assert tested.endswith(".venv/bin/pip install -r tests/requirements.txt && .venv/bin/python -m pytest")


def test_the_readme_names_every_label_space() -> None:
    for name in label_space_names():
        assert f"`{name}`" in README, name


def test_the_table_of_generators_is_current() -> None:
    assert with_table(README) == README, "run python tests/readme_table.py"


def test_links_of_the_readme_lead_somewhere() -> None:
    headings = {line.lstrip("# ").lower().replace(" ", "-") for line in README.splitlines() if line.startswith("#")}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in headings, target
        elif not target.startswith("http"):
            assert (ROOT / target).is_file(), target


@pytest.mark.slow
def test_the_readmes_python_runs(tmp_path: Path) -> None:
    (tmp_path / "zoo").symlink_to(ROOT / "zoo")
    program = [sys.executable, "-c", between("example")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "picture.png").is_file()


@pytest.mark.parametrize(("command", "status"), [("echo ran && true", 0), ("echo ran && (exit 3)", 3)])
def test_ci_runs_the_readmes_test_command(tmp_path: Path, command: str, status: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "README.md").write_text(README.replace(between("test-command"), command), encoding="utf-8")
    done = subprocess.run(["bash", tmp_path / ".ci" / "run"], capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    assert done.stdout.splitlines()[-1] == "ran"


@pytest.mark.parametrize(
    ("arguments", "settings", "sentence"),
    [
        (["--port", "99999"], {}, "'99999' is no port from 1 to 65535"),
        (["--device", "tpu"], {}, "invalid choice: 'tpu'"),
        ([], {"HF_ENDPOINT": "http://[bad"}, "HF_ENDPOINT is 'http://[bad'"),
    ],
)
def test_the_app_refuses_bad_settings_in_a_sentence(
    arguments: list[str], settings: dict[str, str], sentence: str
) -> None:
    command = [sys.executable, str(ROOT / "app.py"), *arguments]
    ended = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 2
    assert sentence in ended.stderr
    assert ended.stderr.count("\n") == 1

"""The catalogue: what ships is consistent, and what is wrong is named by file, entry and field."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from tiny_zoo import entry

from zoo.catalog import catalog, find, markdown_table, read_catalog
from zoo.convert import FAMILIES, checked_config, cips, expected_shapes
from zoo.errors import ZooError
from zoo.hub import BUILTIN


def test_every_entry_can_be_converted_as_it_says() -> None:
    for item in catalog().values():
        if item.source in ("hub", "official") and not item.unsupported:
            given = FAMILIES[item.family].presets[item.preset] if item.preset else item.config
            config = checked_config({"format": 1, "family": item.family, **given})
            assert config.get("label_space") == item.label_space, item.name
            if item.family == "cips":  # whose size is that of its network
                assert cips.native_size(config) == item.native_size, item.name
            elif "size" in config:
                assert tuple(config["size"]) == item.native_size, item.name


def test_layouts_have_a_label_space_and_pictures_have_none() -> None:
    for item in catalog().values():
        if not item.unsupported:
            assert (item.label_space is not None) == (item.task in ("layout", "memory")), item.name


def test_nothing_claims_to_be_verified_without_a_hash() -> None:
    assert [item.name for item in catalog().values() if item.verified and not item.sha256] == []


def test_authors_eighteen_and_five_are_all_there() -> None:
    from_authors = [item for item in catalog().values() if "efrosgans" in item.official]
    families = [item.family for item in from_authors]
    assert (families.count("cyclegan"), families.count("pix2pix")) == (18, 5)
    for item in from_authors:
        assert item.official.endswith(f"/{item.preset}.pth"), item.name


def test_official_crn_and_sims_are_all_there() -> None:
    official = [item for item in catalog().values() if item.source == "official" and item.family in ("crn", "sims")]
    presets = {family: {item.preset for item in official if item.family == family} for family in ("crn", "sims")}
    assert presets == {family: set(FAMILIES[family].presets) for family in ("crn", "sims")}
    for item in official:
        indices = [file.removesuffix(".index") for file in item.files if file.endswith(".index")]
        data = [file.removesuffix(".data-00000-of-00001") for file in item.files if ".data-" in file]
        assert indices == data, item.name
        assert len(indices) == {"crn": 1, "sims": 3}[item.family], item.name


def test_built_in_names_are_those_of_the_shipped_folders() -> None:
    shipped = {path.parent.name for path in BUILTIN.glob("*/model.safetensors")}
    assert shipped <= {item.name for item in catalog().values() if item.source == "builtin"}


def test_table_has_a_row_for_every_entry() -> None:
    lines = markdown_table().splitlines()
    assert [re.findall("`(.+?)`", line)[0] for line in lines[2:]] == list(catalog())
    assert {line.count("|") for line in lines} == {8}
    for line, item in zip(lines[2:], catalog().values(), strict=True):
        assert ("| a picture |" in line) == (item.task == "image"), line
        assert line.endswith("| not readable here |") == bool(item.unsupported), line
        assert "None" not in line


def test_students_have_the_parameters_that_their_authors_chose() -> None:
    """Counts follow from GAN Compression's published widths."""
    expected = {
        "cyclegan-horse2zebra-compressed-mit": 356_867,
        "cyclegan-horse2zebra-fast-mit": 355_235,
        "pix2pix-edges2shoes-compressed-mit": 822_051,
        "pix2pix-edges2shoes-fast-mit": 702_835,
        "pix2pix-cityscapes-compressed-mit": 786_451,
        "pix2pix-cityscapes-fast-mit": 886_307,
        "pix2pix-map2sat-compressed-mit": 746_211,
        "pix2pix-map2sat-fast-mit": 719_507,
    }
    for name, parameters in expected.items():
        item = find(name)
        shapes = expected_shapes({"format": 1, "family": item.family, **item.config})
        assert sum(math.prod(shape) for shape in shapes.values()) == parameters, name


def test_find_names_the_closest() -> None:
    assert find("spade-coco").preset == "coco"
    with pytest.raises(ZooError, match=r"^There is no checkpoint called 'spade-cocoa'; close to it: .*spade-coco"):
        find("spade-cocoa")
    with pytest.raises(ZooError, match="python -m zoo list shows all"):
        find("!" * 1000)


def test_fields_of_a_set_are_shared_and_overruled(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    shared = entry().replace("[entry.tiny]", "[set.all]")
    path.write_text(f'{shared}\n[entry.a]\nset = "all"\n[entry.b]\nset = "all"\ntitle = "Another"\n')
    entries = read_catalog(path).entries
    assert (entries["a"].title, entries["b"].title) == ("A tiny translator", "Another")
    assert entries["a"].repo == entries["b"].repo


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"licens": '"MIT"'}, r"field 'licens': unknown field, close to 'licence'\."),
        ({"zzz": "1"}, r"field 'zzz': unknown field\."),
        ({"title": '""'}, r"field 'title': '' is not a line of text\."),
        ({"family": '"gpt"'}, r"field 'family': 'gpt' is not one of spade, "),
        ({"task": '"chat"'}, r"field 'task': 'chat' is not one of"),
        ({"source": '"local"'}, r"field 'source': 'local' is not one of"),
        ({"repo": '"nobody"'}, r"field 'repo': 'nobody' is not OWNER/NAME\."),
        ({"repo": '""'}, r"field 'repo'"),
        ({"repo_type": '"dataset"'}, r"field 'repo_type': 'dataset' is not one of model, space\."),
        ({"revision": '"main"'}, r"field 'revision': 'main' is not a commit of 40 hexadecimal digits\."),
        ({"sha256": '["abc"]'}, r"field 'sha256': \['abc'\] is not a list of 64 hexadecimal digits each\."),
        ({"sha256": f'["{"a" * 64}", "{"b" * 64}"]'}, r"field 'sha256': has 2 values for 1 files\."),
        ({"size_bytes": "[1.5]"}, r"field 'size_bytes': \[1\.5\] is not a list of positive whole numbers\."),
        ({"size_bytes": "[true]"}, r"field 'size_bytes'"),
        ({"files": '["../secret"]'}, r"field 'files': .* is not a list of paths inside the repository\."),
        ({"files": "[]"}, r"field 'files': missing, and an entry with source 'hub' needs it\."),
        ({"native_size": "[256]"}, r"field 'native_size': \[256\] is not \[height, width\]\."),
        ({"official": '"ftp://x"'}, r"field 'official': 'ftp://x' is not an http address\."),
        ({"verified": '"yes"'}, r"field 'verified': 'yes' is not true or false\."),
        ({"licence": "3"}, r"field 'licence': 3 is not a string\."),
        ({"preset": '"coco"'}, r"field 'config': give either 'preset' or 'config', the way to convert it\."),
        ({"source": '"official"'}, r"field 'official': missing, and an entry with source 'official' needs it\."),
        ({"unsupported": '"no sentence"'}, r"field 'unsupported': 'no sentence' is not a sentence\."),
        ({"unsupported": '"Of Keras."'}, r"field 'unsupported': leave 'preset' and 'config' out"),
        ({"variant_of": '"gone"'}, r"field 'variant_of': 'gone' names no entry that is no variant itself\."),
        ({"variant_of": '"tiny"'}, r"field 'variant_of': 'tiny' names no entry"),
        ({"set": '"gone"'}, r"field 'set': there is no \[set\.gone\]\."),
        ({"set": "[]"}, r"field 'set': there is no"),
    ],
)
def test_wrong_field_is_named(tmp_path: Path, fields: dict[str, str], expected: str) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(entry(**fields))
    with pytest.raises(ZooError, match=rf"^catalog\.toml, entry 'tiny', {expected}"):
        read_catalog(path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[entry.tiny]\ntitle = "x"\n', r"entry 'tiny', field 'family': missing\."),
        ('[entry."Tiny One"]\n', r"entry 'Tiny One': a name is made of a-z, 0-9 and single hyphens\."),
        ("[entry]\ntiny = 3\n", r"entry 'tiny': an entry is a table"),
        ("[entries.tiny]\n", r"unknown table \[entries\]"),
        ("entry = 3\n", r"entry must be a table\."),
        ("[zoo]\nmirrors = 1\n", r"\[zoo\]: the one field it holds is mirror"),
        ("[entry.tiny\n", r"cannot be read: "),
    ],
)
def test_wrong_file_is_named(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "catalog.toml"
    path.write_text(text)
    with pytest.raises(ZooError, match=rf"^catalog\.toml.*{expected}"):
        read_catalog(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ZooError, match=r"^gone\.toml cannot be read: "):
        read_catalog(tmp_path / "gone.toml")

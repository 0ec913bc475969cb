"""A service is a folder, found from anywhere inside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from console import folder
from console.failures import USAGE, Failure
from console.folder import Manifest

MANIFEST = Manifest("shop", 'The "Shop"', "Nobody sells.\nNobody.", "We do ☃.", "Media", ("a", "ü"))


def test_a_folder_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder.write(tmp_path / "shop", MANIFEST, schema="type A", readme="# Shop\n")
    found = folder.required(tmp_path / "shop")
    assert found.manifest == MANIFEST
    assert found.schema == "type A"


def test_a_folder_is_found_from_below(tmp_path: Path) -> None:
    folder.write(tmp_path, MANIFEST, schema="", readme="")
    (tmp_path / "docs" / "more").mkdir(parents=True)
    assert folder.required(tmp_path / "docs" / "more").path == tmp_path


def test_outside_of_a_folder_the_command_says_what_to_do(tmp_path: Path) -> None:
    assert folder.here(tmp_path) is None
    with pytest.raises(Failure, match="is not in a service folder") as failure:
        folder.required(tmp_path)
    assert failure.value.hint
    assert failure.value.exit_code == USAGE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("service = ", "cannot be read"),
        ('name = "x"', "`service` is missing"),
        ('service = "x"\ntags = "a"', "`tags` must be a list of texts"),
        ('service = "x"\nname = 3', "`name` must be a text"),
        ('service = "x"\ncolour = "red"', "`colour` is unknown"),
    ],
)
def test_a_broken_manifest_is_told_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mortise.toml").write_text(text)
    with pytest.raises(Failure, match=said):
        folder.here(tmp_path)


def test_a_place_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    folder.free(tmp_path)
    folder.free(tmp_path / "new")
    (tmp_path / "file").write_text("mine")
    for taken in (tmp_path, tmp_path / "file"):
        with pytest.raises(Failure, match="exists and is not empty"):
            folder.free(taken)


def test_several_files_are_one_schema_and_every_line_is_found_in_its_file(tmp_path: Path) -> None:
    place = folder.write(tmp_path / "shop", MANIFEST, schema="type A\r\n# end", readme="")
    (place.path / "schema").mkdir()
    (place.path / "schema" / "b.graphql").write_text("type B\n")
    (place.path / "schema" / "a.graphql").write_text("\n\ntype C")
    lines = place.schema.replace("\r\n", "\n").split("\n")
    found = {line: place.place(number) for number, line in enumerate(lines, start=1) if line.startswith("type")}
    assert found == {
        "type A": ("schema.graphql", 1),
        "type C": ("schema/a.graphql", 3),
        "type B": ("schema/b.graphql", 1),
    }
    assert lines[lines.index("# end") + 1] == "", "a comment at the end of one file says nothing about the next"


def test_files_in_the_schema_folder_are_enough(tmp_path: Path) -> None:
    place = folder.write(tmp_path / "shop", MANIFEST, schema="", readme="")
    (place.path / "schema.graphql").rename(place.path / "moved")
    with pytest.raises(Failure, match=r"schema\.graphql is missing"):
        _ = place.schema
    (place.path / "schema").mkdir()
    (place.path / "schema" / "types.graphql").write_text("type A")
    assert place.schema == "type A"
    assert place.place(7) == ("schema/types.graphql", 7)

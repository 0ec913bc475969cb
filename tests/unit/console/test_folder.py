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

"""Schema texts as Models, by the parser that makers meet."""

from __future__ import annotations

from contracts.model import Model
from registry.domain import sdl


def model(text: str, previous: Model | None = None, service: str = "service") -> Model:
    """The Model of a text that has no problems."""
    made = sdl.parse(text, service=service, previous=previous)
    assert isinstance(made, Model), made
    return made


def history(*texts: str) -> tuple[Model, ...]:
    """The Models of the versions of one service, each parsed with its predecessor."""
    models: list[Model] = []
    for text in texts:
        models.append(model(text, models[-1] if models else None))
    return tuple(models)

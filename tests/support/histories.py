"""Random small schemas and histories of them, for what must hold whatever makers write."""

from __future__ import annotations

from hypothesis import strategies as st

from contracts.model import Model
from registry.domain import sdl

SCALARS = ("String", "Int", "Float", "Boolean", "DateTime", "Json", "Mood")
TYPES = ("Ant", "Bee", "Cat")


@st.composite
def fields(draw: st.DrawFn, name: str) -> str:
    """One field, of any shape the dialect has."""
    kind = draw(st.sampled_from(SCALARS))
    if draw(st.booleans()) and draw(st.booleans()):
        return f"{name}: [{kind}!]{draw(st.sampled_from(('', '!')))}"
    marks = ["", "!"]
    directives = [""] if kind == "Json" else ["", "", "@isUnique", "@index"]
    return f"{name}: {kind}{draw(st.sampled_from(marks))} {draw(st.sampled_from(directives))}"


@st.composite
def schemas(draw: st.DrawFn) -> str:
    """A small schema: up to three types, an enum, up to three relations."""
    types = {name: ["id: ID! @isUnique"] for name in TYPES[: draw(st.integers(1, 3))]}
    for lines in types.values():
        names = draw(st.lists(st.sampled_from(("p", "q", "r", "s")), unique=True, max_size=4))
        lines.extend(draw(fields(name)) for name in names)
        lines.extend(draw(st.sampled_from(([], ["createdAt: DateTime!"], ["createdAt: DateTime! @index"]))))
    for relation in draw(st.lists(st.sampled_from(("One", "Two", "Three")), unique=True, max_size=3)):
        one, other = draw(st.sampled_from(sorted(types))), draw(st.sampled_from(sorted(types)))
        mark = f'@relation(name: "{relation}")'

        def side(of: str, name: str, to: str, mark: str = mark) -> None:
            shape = draw(st.sampled_from((to, f"{to}!", f"[{to}!]!")))
            types[of].insert(draw(st.integers(1, len(types[of]))), f"{name}: {shape} {mark}")

        side(one, f"a{relation}", other)
        if one != other or draw(st.booleans()):
            side(other, f"b{relation}", one)
    values = draw(st.lists(st.sampled_from(("HAPPY", "SAD", "CALM")), unique=True, min_size=1))
    body = "\n".join(f"type {name} @model {{\n  " + "\n  ".join(lines) + "\n}" for name, lines in types.items())
    return f"{body}\nenum Mood {{ {' '.join(values)} }}\n"


@st.composite
def histories(draw: st.DrawFn) -> tuple[Model, ...]:
    """Versions that the parser accepts, each after the one before."""
    models: list[Model] = []
    for _ in range(draw(st.integers(2, 4))):
        made = sdl.parse(draw(schemas()), service="service", previous=models[-1] if models else None)
        if isinstance(made, Model):
            models.append(made)
    return tuple(models)

"""Random small schemas and histories of them, for what must hold whatever makers write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from hypothesis import note
from hypothesis import strategies as st

from contracts.model import Model
from registry.domain import sdl

SCALARS = ("String", "Int", "Float", "Boolean", "DateTime", "Json")
TYPES = ("Ant", "Bee", "Cat")
FIELDS = ("p", "q", "r", "s")
RELATIONS = ("One", "Two", "Three")
ENUMS = {"Mood": ("HAPPY", "SAD", "CALM"), "Tone": ("HIGH", "LOW", "SAD")}

MIGRATION = {
    "String": ("x", "y", "Long"),
    "Int": ("0", "7"),
    "Float": ("0.5", "2"),
    "Boolean": ("true",),
    "DateTime": ("2020-01-02T03:04:05.006Z",),
    "Json": ('{\\"a\\": 1}',),
}


@dataclass
class Scalar:
    """One field as a maker writes it."""

    name: str
    kind: str
    is_list: bool = False
    required: bool = False
    mark: str = ""
    """`@isUnique`, `@index`, or nothing."""
    was: str | None = None
    migration: str | None = None

    def text(self) -> str:
        kind = f"[{self.kind}!]" if self.is_list else self.kind
        marks = ["" if self.is_list or self.kind == "Json" else self.mark]
        if self.was is not None:
            marks.append(f'@rename(oldName: "{self.was}")')
        if self.migration is not None:
            marks.append(f'@migrationValue(value: "{self.migration}")')
        return f"{self.name}: {kind}{'!' if self.required else ''} {' '.join(filter(None, marks))}"


@dataclass
class Edge:
    """A relation: types, field names and shapes of both sides; one field only when it is symmetric."""

    name: str
    a: str
    b: str
    a_shape: str
    b_shape: str | None
    tag: str
    """End of the field names, whatever the relation is called."""
    was: str | None = None

    def side(self, number: int) -> str:
        to, shape = (self.b, self.a_shape) if number == 0 else (self.a, self.b_shape or "")
        old = f', oldName: "{self.was}"' if self.was is not None else ""
        return f'{"ab"[number]}{self.tag}: {shape.format(to)} @relation(name: "{self.name}"{old})'


@dataclass
class Kind:
    """A type."""

    name: str
    scalars: list[Scalar] = field(default_factory=list)
    system: str = ""
    was: str | None = None


@dataclass
class Text:
    """A schema that can be written down, and changed."""

    kinds: list[Kind]
    edges: list[Edge]
    enums: dict[str, tuple[str, ...]]
    renamed_enums: dict[str, str] = field(default_factory=dict)
    enum_values: dict[str, str] = field(default_factory=dict)

    def written(self) -> str:
        return "\n".join((*map(self._kind, self.kinds), *map(self._enum, self.enums))) + "\n"

    def _kind(self, kind: Kind) -> str:
        lines = ["id: ID! @isUnique", *(each.text() for each in kind.scalars), kind.system]
        for edge in self.edges:
            if edge.a == kind.name:
                lines.append(edge.side(0))
            if edge.b == kind.name and edge.b_shape is not None:
                lines.append(edge.side(1))
        was = f' @rename(oldName: "{kind.was}")' if kind.was else ""
        return f"type {kind.name} @model{was} {{\n  " + "\n  ".join(filter(None, lines)) + "\n}"

    def _enum(self, name: str) -> str:
        was = f' @rename(oldName: "{self.renamed_enums[name]}")' if name in self.renamed_enums else ""
        value = f' @migrationValue(value: "{self.enum_values[name]}")' if name in self.enum_values else ""
        return f"enum {name}{was}{value} {{ {' '.join(self.enums[name])} }}"

    def next(self) -> Text:
        """The same without what a push does once."""
        again = deepcopy(self)
        again.renamed_enums, again.enum_values = {}, {}
        for kind in again.kinds:
            kind.was = None
            for each in kind.scalars:
                each.was = each.migration = None
        for edge in again.edges:
            edge.was = None
        return again


SHAPES = ("{}", "{}!", "[{}!]!")


@st.composite
def _scalar(draw: st.DrawFn, name: str, enums: tuple[str, ...] = tuple(ENUMS)) -> Scalar:
    mark = draw(st.sampled_from(("", "", "@isUnique", "@index")))
    is_list, required = draw(st.integers(0, 3)) == 0, draw(st.booleans())
    return Scalar(name, draw(st.sampled_from((*SCALARS, *enums))), is_list, required, mark)


@st.composite
def _edge(draw: st.DrawFn, name: str, kinds: list[str]) -> Edge:
    one, other = draw(st.sampled_from(kinds)), draw(st.sampled_from(kinds))
    symmetric = one == other and draw(st.booleans())
    shape = draw(st.sampled_from(SHAPES))
    back = None if symmetric else draw(st.sampled_from(SHAPES))
    return Edge(name, one, other, shape, back, tag=name)


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """A small schema: up to three types, two enums, up to three relations."""
    kinds = []
    for name in TYPES[: draw(st.integers(1, 3))]:
        names = draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=4))
        system = draw(st.sampled_from(("", "createdAt: DateTime!", "createdAt: DateTime! @index")))
        kinds.append(Kind(name, [draw(_scalar(each)) for each in names], system))
    relations = draw(st.lists(st.sampled_from(RELATIONS), unique=True, max_size=3))
    edges = [draw(_edge(each, [kind.name for kind in kinds])) for each in relations]
    return Text(kinds, edges, {name: values[: draw(st.integers(1, 3))] for name, values in ENUMS.items()})


@st.composite
def schemas(draw: st.DrawFn) -> str:
    """The text of a small schema."""
    return draw(texts()).written()


@st.composite
def histories(draw: st.DrawFn) -> tuple[Model, ...]:
    """Versions that have little to do with each other, each after the one before; the parser accepts all of them."""
    models: list[Model] = []
    for _ in range(draw(st.integers(2, 4))):
        made = sdl.parse(draw(schemas()), service="service", previous=models[-1] if models else None)
        if isinstance(made, Model):
            models.append(made)
    return tuple(models)


# --- one version made of the other ----------------------------------------------------------------------------------


@st.composite
def evolutions(draw: st.DrawFn, *, versions_max: int = 3, only: tuple[str, ...] | None = None) -> tuple[Model, ...]:
    """Versions each of which is the one before with a few changes, renames and migration values among them."""
    text = draw(texts())
    models: list[Model] = []
    for number in range(draw(st.integers(2, versions_max)) + 1):
        later = text.next()
        if number:
            for change in draw(st.lists(st.sampled_from(only or tuple(CHANGES)), min_size=1, max_size=3)):
                CHANGES[change](draw, later)
        made = sdl.parse(later.written(), service="service", previous=models[-1] if models else None)
        if isinstance(made, Model):
            note(later.written())
            models.append(made)
            text = later
    return tuple(models)


def _any(draw: st.DrawFn, text: Text) -> Iterator[Scalar]:
    every = [each for kind in text.kinds for each in kind.scalars]
    if every:
        yield draw(st.sampled_from(every))


def _add_field(draw: st.DrawFn, text: Text) -> None:
    kind = draw(st.sampled_from(text.kinds))
    free = [name for name in FIELDS if name not in {each.name for each in kind.scalars}]
    if free:
        added = draw(_scalar(draw(st.sampled_from(free)), tuple(text.enums)))
        kind.scalars.append(added)
        _migrate(draw, text, added)


def _migrate(draw: st.DrawFn, text: Text, one: Scalar) -> None:
    if draw(st.booleans()):
        values = text.enums.get(one.kind) or MIGRATION.get(one.kind, ("x",))
        value = draw(st.sampled_from(values))
        if one.is_list:
            quoted = f'\\"{value}\\"' if one.kind in {"String", "DateTime"} else value
            value = f"[{quoted}]"
        one.migration = value


def _remove_field(draw: st.DrawFn, text: Text) -> None:
    kind = draw(st.sampled_from(text.kinds))
    if kind.scalars:
        kind.scalars.remove(draw(st.sampled_from(kind.scalars)))


def _retype(draw: st.DrawFn, text: Text) -> None:
    for one in _any(draw, text):
        one.kind = draw(st.sampled_from(("String", *SCALARS, *text.enums)))
        _migrate(draw, text, one)


def _relist(draw: st.DrawFn, text: Text) -> None:
    for one in _any(draw, text):
        one.is_list = not one.is_list
        _migrate(draw, text, one)


def _require(draw: st.DrawFn, text: Text) -> None:
    for one in _any(draw, text):
        one.required = not one.required
        _migrate(draw, text, one)


def _mark(draw: st.DrawFn, text: Text) -> None:
    for one in _any(draw, text):
        one.mark = draw(st.sampled_from(("", "@isUnique", "@index")))


def _overwrite(draw: st.DrawFn, text: Text) -> None:
    for one in _any(draw, text):
        _migrate(draw, text, one)


def _rename_field(draw: st.DrawFn, text: Text) -> None:
    kind = draw(st.sampled_from(text.kinds))
    taken = {each.name for each in kind.scalars} | {each.was for each in kind.scalars}
    for one in kind.scalars[:1]:
        free = [name for name in (*FIELDS, "t", "u") if name not in taken]
        if one.was is None and free:
            one.was, one.name = one.name, draw(st.sampled_from(free))


def _swap_fields(_: st.DrawFn, text: Text) -> None:
    for kind in text.kinds:
        if len(kind.scalars) > 1 and all(each.was is None for each in kind.scalars):
            one, other = kind.scalars[:2]
            one.was, other.was = one.name, other.name
            one.name, other.name = other.name, one.name
            return


def _rename_type(draw: st.DrawFn, text: Text) -> None:
    kind = draw(st.sampled_from(text.kinds))
    free = [name for name in (*TYPES, "Dog", "Elk") if name not in {each.name for each in text.kinds}]
    if kind.was is not None or not free:
        return
    kind.was, kind.name = kind.name, draw(st.sampled_from(free))
    for edge in text.edges:
        edge.a = kind.name if edge.a == kind.was else edge.a
        edge.b = kind.name if edge.b == kind.was else edge.b


def _add_type(draw: st.DrawFn, text: Text) -> None:
    free = [name for name in TYPES if name not in {each.name for each in text.kinds}]
    if free:
        text.kinds.append(
            Kind(draw(st.sampled_from(free)), [draw(_scalar(name, tuple(text.enums))) for name in FIELDS[:2]])
        )


def _remove_type(draw: st.DrawFn, text: Text) -> None:
    if len(text.kinds) > 1:
        gone = text.kinds.pop(draw(st.integers(0, len(text.kinds) - 1)))
        text.edges = [edge for edge in text.edges if gone.name not in {edge.a, edge.b}]


def _add_relation(draw: st.DrawFn, text: Text) -> None:
    taken = {each.name for each in text.edges} | {each.tag for each in text.edges}
    free = [name for name in RELATIONS if name not in taken]
    if free:
        text.edges.append(draw(_edge(draw(st.sampled_from(free)), [kind.name for kind in text.kinds])))


def _remove_relation(draw: st.DrawFn, text: Text) -> None:
    if text.edges:
        text.edges.pop(draw(st.integers(0, len(text.edges) - 1)))


def _reshape(draw: st.DrawFn, text: Text) -> None:
    if text.edges:
        edge = draw(st.sampled_from(text.edges))
        if draw(st.booleans()) or edge.b_shape is None:
            edge.a_shape = draw(st.sampled_from(SHAPES))
        else:
            edge.b_shape = draw(st.sampled_from(SHAPES))


def _rename_relation(draw: st.DrawFn, text: Text) -> None:
    if text.edges:
        edge = draw(st.sampled_from(text.edges))
        free = [name for name in (*RELATIONS, "Four") if name not in {each.name for each in text.edges}]
        if edge.was is None and free:
            edge.was, edge.name = edge.name, draw(st.sampled_from(free))


def _shrink_enum(draw: st.DrawFn, text: Text) -> None:
    name = draw(st.sampled_from(sorted(text.enums)))
    if len(text.enums[name]) > 1:
        gone = draw(st.sampled_from(text.enums[name]))
        text.enums[name] = tuple(value for value in text.enums[name] if value != gone)
        if draw(st.booleans()):
            text.enum_values[name] = text.enums[name][0]


def _grow_enum(draw: st.DrawFn, text: Text) -> None:
    name = draw(st.sampled_from(sorted(text.enums)))
    text.enums[name] = (*text.enums[name], f"NEW{len(text.enums[name])}")


def _rename_enum(draw: st.DrawFn, text: Text) -> None:
    name = draw(st.sampled_from(sorted(ENUMS)))
    if name in text.enums and not text.renamed_enums:
        text.enums = {f"{name}s" if each == name else each: values for each, values in text.enums.items()}
        text.renamed_enums[f"{name}s"] = name
        text.enum_values.pop(name, None)
        for kind in text.kinds:
            for each in kind.scalars:
                each.kind = f"{name}s" if each.kind == name else each.kind


def _reorder(_: st.DrawFn, text: Text) -> None:
    text.kinds.reverse()


def _reveal(draw: st.DrawFn, text: Text) -> None:
    kind = draw(st.sampled_from(text.kinds))
    kind.system = draw(st.sampled_from(("", "createdAt: DateTime!", "updatedAt: DateTime! @index")))


RENAMES: dict[str, Callable[[st.DrawFn, Text], None]] = {
    "rename field": _rename_field,
    "swap fields": _swap_fields,
    "rename type": _rename_type,
    "rename relation": _rename_relation,
    "rename enum": _rename_enum,
    "reorder": _reorder,
}
CHANGES: dict[str, Callable[[st.DrawFn, Text], None]] = {
    **RENAMES,
    "add field": _add_field,
    "remove field": _remove_field,
    "change type": _retype,
    "change list-ness": _relist,
    "change required": _require,
    "change mark": _mark,
    "overwrite": _overwrite,
    "add type": _add_type,
    "remove type": _remove_type,
    "add relation": _add_relation,
    "remove relation": _remove_relation,
    "change shape": _reshape,
    "shrink enum": _shrink_enum,
    "grow enum": _grow_enum,
    "reveal": _reveal,
}

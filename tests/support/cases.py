"""Golden cases of the compiler: a question, its plan, its SQL and its answer, each in a file of its own.

An area is a folder with `schema.graphql` and `seed.graphql` (mutations that run first). A case is `<name>.graphql`; its
first lines may say `#> variables: {...}` and `#> http` (the other shape of errors). Operations run in document order.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from graphql import OperationDefinitionNode, parse

from contracts.model import Entity, Field, Relation, digest, encode
from gateway.domain.bounds import Limits
from gateway.engine import Call, Engine, Prepared, Refusal, Request, prepare
from gateway.engine.failure import Failed, Failure, Rejected
from gateway.engine.operation import chosen, flatten
from gateway.engine.operation.document import read
from gateway.engine.operation.variables import coerced
from gateway.engine.plan import plan
from gateway.engine.plan.changes import Column
from gateway.engine.plan.tree import Link
from gateway.engine.source import Const, Each, Edge, Listed, ListText, NewId, Now, Several, Var
from tests.support.schemas import model

CASES: Final = Path(__file__).parent.parent / "unit" / "gateway" / "cases"


@dataclass(frozen=True)
class Case:
    """One case."""

    path: Path
    text: str
    variables: dict[str, Any]

    @property
    def area(self) -> str:
        return self.path.parent.name

    @property
    def name(self) -> str:
        return f"{self.area}/{self.path.stem}"

    @property
    def operations(self) -> list[str | None]:
        """The names of its operations, in order."""
        found = [one for one in parse(self.text).definitions if isinstance(one, OperationDefinitionNode)]
        return [one.name.value if one.name else None for one in found]

    def file(self, kind: str) -> Path:
        return self.path.with_suffix(f".{kind}")


def cases() -> list[Case]:
    """Every case of every area."""
    return [_case(path) for path in sorted(CASES.glob("*/*.graphql")) if path.stem not in ("schema", "seed")]


def areas() -> list[str]:
    return sorted(path.parent.name for path in CASES.glob("*/schema.graphql"))


@cache
def prepared(area: str) -> Prepared:
    """The compiled schema of an area."""
    made = model((CASES / area / "schema.graphql").read_text(), service=area)
    return prepare(made, digest(encode(made)))


def seed(area: str) -> str:
    return (CASES / area / "seed.graphql").read_text()


def plan_text(case: Case) -> str:
    """The plans of all root fields, as an indented tree."""
    return "\n".join(_plans(case))


def sql_text(case: Case) -> str:
    """The statements of all root fields with their parameters."""
    engine = Engine(prepared(case.area))
    lines: list[str] = []
    for name in case.operations:
        call = engine.call(Request(case.text, name, case.variables))
        lines += _refused(call) if isinstance(call, Refusal) else _statements(call)
    return "\n".join(lines).replace(engine.prepared.sha, "<model>") + "\n"


def _case(path: Path) -> Case:
    text = path.read_text()
    found = re.search(r"^#> variables: (.*)$", text, re.MULTILINE)
    return Case(path, text, json.loads(found.group(1)) if found else {})


def _plans(case: Case) -> Iterator[str]:
    ready = prepared(case.area)
    try:
        document = read(case.text, ready.generated.schema, Limits())
        for name in case.operations:
            declared = chosen(document, name)
            values, _ = coerced(declared.variables, case.variables, Limits())
            operation = flatten(ready.generated.schema, document, declared, values, Limits())
            meanings = ready.generated.queries if operation.kind == "query" else ready.generated.mutations
            for selected in operation.roots:
                yield f"{selected.key}:"
                if selected.name.startswith("__"):
                    yield "  (introspection)\n"
                    continue
                try:
                    planned = plan(ready.generated.vocabulary, meanings[selected.name], selected)
                    yield from _tree(planned.tree, "  ")
                    yield f"  checks: {len(planned.checks)}, ids: {planned.ids}\n"
                except Failed as failed:
                    yield f"  {_said(failed.failure)}\n"
    except Rejected as rejected:
        yield from _refused(rejected.refusal)


def _tree(value: Any, indent: str) -> Iterator[str]:
    if not (short := _short(value)):
        yield f"{indent}{type(value).__name__}"
        for one in dataclasses.fields(value):
            member = getattr(value, one.name)
            if member is None or member in ((), False):
                continue
            if isinstance(member, tuple):
                yield f"{indent}  {one.name}:"
                for item in member:
                    yield from _tree(item, indent + "    ")
            elif _short(member):
                yield f"{indent}  {one.name}: {_short(member)}"
            else:
                yield f"{indent}  {one.name}:"
                yield from _tree(member, indent + "    ")
    else:
        yield f"{indent}{short}"


def _short(value: Any) -> str:
    match value:
        case Entity(name=name, table=table):
            return f"{name} ({table})"
        case Field(name=name, column=column):
            return f"{name} ({column})"
        case Link():
            where = value.table or value.column
            return f"{value.near.name}.{value.field.name} -> {value.far.name} [{value.keeps} {where}]"
        case Relation(name=name, storage=storage):
            return f"{name} [{storage}]"
        case Column(name=name):
            return name
        case Failure():
            return _said(value)
        case tuple():
            return "(" + ", ".join(_short(item) or "\n" + "\n".join(_tree(item, "      ")) for item in value) + ")"
        case _:
            return _source(value)


def _source(value: Any) -> str:  # noqa: PLR0911 - one case per kind of source
    match value:
        case Const():
            return f"const {value.value!r}"
        case Var():
            return "$" + ".".join(str(step) for step in value.path)
        case Several():
            return f"[{', '.join(_short(item) for item in value.items)}]"
        case NewId():
            return f"new id {value.number}"
        case Now():
            return "now"
        case Listed(parts=parts) | Each(items=parts):
            return f"{type(value).__name__.lower()} {', '.join(_short(part) for part in parts)}"
        case ListText(of=of):
            return f"text of {_short(of)}"
        case Edge(holder=holder, target=target, kept=kept):
            return f"{_short(holder)} -> {_short(target)}{' (with its holder)' if kept else ''}"
        case _ if callable(value):
            return "by the variables"
        case _:
            return "" if dataclasses.is_dataclass(value) else repr(value)


def _statements(call: Call) -> Iterator[str]:
    for root in call.roots:
        yield f"-- {root.key}: {root.kind}"
        if root.failure is not None:
            yield f"-- {_said(root.failure)}"
        if root.constant is not None:
            yield root.constant if len(root.constant) < 2000 else f"{len(root.constant)} characters"
        for number, refused in enumerate(root.refusals):
            yield f"-- refusal {number}: {_said(refused) if isinstance(refused, Failure) else 'by the variables'}"
        for statement in root.statements:
            yield f"-- {'answers, ' if statement.answers else ''}{len(statement.getters)} values"
            yield _broken(statement.sql) + ";"
        yield ""


def _broken(text: str) -> str:
    """A statement on several lines, for the reader of a diff."""
    return re.sub(
        r"(?<!select)(?<!distinct)(?<!delete) (from|where|order by|returning|when|on conflict) ", r"\n  \1 ", text
    )


def _refused(refusal: Refusal) -> Iterator[str]:
    yield f"-- refused ({refusal.stage})"
    yield from (f"-- {_said(failure)}" for failure in refusal.failures)


def _said(failure: Failure) -> str:
    return f"{failure.number or failure.name}: {failure.message}"

"""Conditions -> SQL. Three-valued as SQL is: a comparison with null is neither true nor false (G 5.3)."""

from __future__ import annotations

from typing import Final, assert_never

from common.sql import EMPTY, Sql, join, literal, sql
from contracts.model import Field, Scalar
from gateway.engine.plan.tree import Among, Compare, Condition, Every, IsNull, Like, Link, Related, Some, Unknown
from gateway.engine.source import Input
from gateway.engine.sql import text
from gateway.engine.sql.aliases import Aliases

_TRUE: Final = sql("true")
_OPERATORS: Final = {operator: sql(f" {operator} ") for operator in ("=", "<>", "<", "<=", ">", ">=")}
_PATTERNS: Final = {"contains": ("%", "%"), "starts_with": ("", "%"), "ends_with": ("%", "")}


def holds(condition: Condition, alias: str, aliases: Aliases) -> Sql:
    """A boolean expression over the row `alias`."""
    match condition:
        case Every(parts=parts):
            return _all([holds(part, alias, aliases) for part in parts], " and ")
        case Some(parts=parts):
            return _all([holds(part, alias, aliases) for part in parts], " or ")
        case Unknown():
            return sql("null::bool")
        case IsNull(field=field, negated=negated):
            template = "{stored} is not null" if negated else "{stored} is null"
            return sql(template, stored=text.column(alias, field.column))
        case Compare():
            return _compare(condition, alias)
        case Among(field=field, values=values, negated=negated):
            return _among(field, values, alias, negated=negated)
        case Like():
            return _like(condition, alias)
        case Related():
            return _related(condition, alias, aliases)
        case _:
            assert_never(condition)


def related_from(link: Link, near: str, far: str, aliases: Aliases) -> tuple[Sql, Sql]:
    """The from-items and the condition that give the far nodes of a near row, under the alias `far`."""
    table = sql("{table} {far}", table=text.table(link.far.table), far=aliases.name(far))
    near_id = text.column(near, "id")
    match link.keeps:
        case "near":
            own = text.column(near, link.column)
            return table, sql("{far} = {own}", far=text.column(far, "id"), own=own)
        case "far":
            return table, sql("{far} = {near}", far=text.column(far, link.column), near=near_id)
        case "join":
            edge = aliases.new("e")
            items = sql(
                "{edges} {edge} join {table} on {id} = {far_id}",
                edges=text.table(link.table),
                edge=aliases.name(edge),
                table=table,
                id=text.column(far, "id"),
                far_id=text.column(edge, link.far_column),
            )
            return items, sql("{near} = {id}", near=text.column(edge, link.near_column), id=near_id)
        case _:
            assert_never(link.keeps)


def _all(parts: list[Sql], separator: str) -> Sql:
    if not parts:
        return _TRUE
    return sql("({parts})", parts=join(separator, parts)) if len(parts) > 1 else parts[0]


def _compare(condition: Compare, alias: str) -> Sql:
    field = condition.field
    if condition.operator == "=":
        return sql("({equal})", equal=text.equals(alias, field, condition.value))
    stored = text.column(alias, field.column)
    given = text.parameter(condition.value, text.type_of(field))
    if field.scalar is Scalar.STRING:
        stored, given = text.folded(stored), text.folded(given)
    return sql("{stored}{operator}{given}", stored=stored, operator=_OPERATORS[condition.operator], given=given)


def _among(field: Field, values: Input, alias: str, *, negated: bool) -> Sql:
    stored = text.column(alias, field.column)
    given = text.parameter(values, text.type_of(field, listed=True))
    template = "{stored} <> all({given})" if negated else "{stored} = any({given})"
    if field.scalar is not Scalar.STRING:
        return sql(template, stored=stored, given=given)
    # The list is folded once, not once per row.
    whole = sql(
        template,
        stored=text.folded(stored),
        given=sql("array(select app.fold(x) from unnest({given}) x)", given=given),
    )
    if negated or not (field.unique or field.indexed):
        return whole
    by_index = sql(
        "{stored} = any(array(select left(app.fold(x), 191) from unnest({given}) x))",
        stored=text.key(stored),
        given=given,
    )
    return sql("({by_index} and {whole})", by_index=by_index, whole=whole)


def _like(condition: Like, alias: str) -> Sql:
    stored, given = text.column(alias, condition.field.column), text.text(condition.value)
    if condition.field.scalar is Scalar.STRING:
        # Folding comes before escaping: it can turn other characters into wildcards.
        stored, given = text.folded(stored), text.folded(given)
    before, after = _PATTERNS[condition.where]
    escaped = sql(r"replace(replace(replace({given}, '\', '\\'), '%', '\%'), '_', '\_')", given=given)
    pattern = sql(
        "{before}{escaped}{after}",
        before=sql("'%' || ") if before else EMPTY,
        escaped=escaped,
        after=sql(" || '%'") if after else EMPTY,
    )
    template = "{stored} not like ({pattern})" if condition.negated else "{stored} like ({pattern})"
    whole = sql(template, stored=stored, pattern=pattern)
    if condition.where != "starts_with" or condition.negated or not (condition.field.unique or condition.field.indexed):
        return whole
    return sql("({range} and {whole})", range=_beginning(condition, alias), whole=whole)


def _beginning(condition: Like, alias: str) -> Sql:
    """The range of order keys that begin with a text; the index of the key understands it, whatever the text is."""
    field = condition.field
    if field.scalar is not Scalar.STRING:
        key, first = text.column(alias, field.column), text.text(condition.value)
    else:
        key, first = text.key(text.column(alias, field.column)), text.key(text.text(condition.value))
    # No text of that length stands behind the highest character as often as it has characters.
    return sql(
        "{key} >= {first} and {key} <= {first} || repeat(U&'\\+10FFFF', {length})",
        key=key,
        first=first,
        length=literal(text.KEY_CHARACTERS),
    )


def _related(condition: Related, alias: str, aliases: Aliases) -> Sql:
    link, inner = condition.link, condition.condition
    if link.keeps == "near" and inner is None:
        template = "{own} is not null" if condition.quantifier == "some" else "{own} is null"
        return sql(template, own=text.column(alias, link.column))
    far = aliases.new("t")
    items, linked = related_from(link, alias, far, aliases)
    within = linked
    if inner is not None:
        template = "{linked} and not ({inner})" if condition.quantifier == "every" else "{linked} and {inner}"
        within = sql(template, linked=linked, inner=holds(inner, far, aliases))
    template = (
        "exists (select from {items} where {within})"
        if condition.quantifier == "some"
        else "not exists (select from {items} where {within})"
    )
    return sql(template, items=items, within=within)

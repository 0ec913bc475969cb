"""Statements that find out, on tables of their own, what of an environment's data fits an earlier Model.

They change nothing that anybody else sees, so the same ones tell it before and decide it in the switch. `~misfit` is
the list: the number of a subject, the id of a row, the other end of an edge or else null, and the value as text.
`~unfit` are the rows that have to go, and why.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from common.sql import Sql, ident, join, literal, sql
from contracts.model import Entity
from provisioner.domain.fitting import Edges, Fitting, Judged, Side, trashed
from provisioner.domain.layout import SCHEMA, order_key, relation_column, relation_table
from provisioner.domain.preparing import TRASH

MISFIT: Final = ident("pg_temp", "~misfit")
UNFIT: Final = ident("pg_temp", "~unfit")
SHOWN_CHARACTERS: Final = 120
"""How much of a value is listed."""

What = Literal["row", "value", "edge"]
Because = Literal["gone", "unfit"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A place of the data that runs, where something may not fit; `number` stands in the list."""

    number: int
    path: str
    """`Type`, `Type.field` or `relation Name`, in the words of the schema that runs or of the earlier one."""
    what: What
    because: Because
    """The earlier Model has no such place; or it has, and this does not fit there."""
    table: str
    column: str | None = None

    @property
    def digest(self) -> Sql:
        """A text that is another one when other rows or edges are on the list; empty when none is."""
        return sql(
            "select coalesce(md5(string_agg(id || ' ' || coalesce(other, ''), ',' order by id, other)), '') "
            "from {misfit} where n = {n}",
            misfit=MISFIT,
            n=literal(self.number),
        )


def looked_at(table: str) -> Sql:
    """The rows of a type as they would be."""
    return ident("pg_temp", f"~{table}")


def edges_of(each: Edges) -> Sql:
    """The edges of a relation as they would be."""
    return ident("pg_temp", f"~{each.id}")


class Judging:
    """The subjects in order, and everything that runs to find out."""

    def __init__(self, fitting: Fitting) -> None:
        self.fitting = fitting
        self.subjects: list[Subject] = []
        self.statements: tuple[Sql, ...] = (*self._begun(), *self._gone(), *self._unfit())

    def of(self, table: str, column: str | None, what: What) -> Subject | None:
        """What does not fit at a place that the earlier Model has."""
        there = (each for each in self.subjects if each.because == "unfit")
        return next((each for each in there if (each.table, each.column, each.what) == (table, column, what)), None)

    def _subject(self, path: str, what: What, because: Because, table: str, column: str | None) -> Subject:
        self.subjects.append(Subject(len(self.subjects), path, what, because, table, column))
        return self.subjects[-1]

    # --- copies of what is looked at ------------------------------------------------------------------------------

    def _begun(self) -> Iterator[Sql]:
        text = Sql(('text collate "C"',))
        yield sql("create temp table {t} (n int4, id {x}, other {x}, value text) on commit drop", t=MISFIT, x=text)
        yield sql("create temp table {t} (t text, id {x}, why text) on commit drop", t=UNFIT, x=text)
        for entity in self.fitting.tables:
            yield self._rows(entity)
            yield sql("alter table {t} add primary key (id)", t=looked_at(entity.table))
        for each in self.fitting.edges:
            source = each.source or sql("select null::{x} as a, null::{x} as b where false", x=text)
            yield sql(
                "create temp table {t} on commit drop as select a::{x} as a, b::{x} as b from ({source}) as edge",
                t=edges_of(each),
                x=text,
                source=source,
            )
            yield sql("create index on {t} (a)", t=edges_of(each))
            yield sql("create index on {t} (b)", t=edges_of(each))

    def _rows(self, entity: Entity) -> Sql:
        rows, columns, joined = self.fitting.rows(entity), [], []
        for each in self.fitting.of(entity):
            columns.append(sql(", {value} as {c}", value=each.value, c=ident(each.column)))
            if each.kept is not None:
                template = " left join {t} as {k} on {k}.id = b.id"
                joined.append(sql(template, t=ident(TRASH, each.kept.name), k=trashed(each.column)))
        return sql(
            "create temp table {t} on commit drop as select b.id, b.updated_at{columns} from {rows} as b{joined}",
            t=looked_at(entity.table),
            columns=join("", columns),
            rows=rows or sql("(select null::text as id, null::timestamptz as updated_at where false)"),
            joined=join("", joined),
        )

    # --- places that the earlier Model does not have --------------------------------------------------------------

    def _gone(self) -> Iterator[Sql]:
        difference = self.fitting.difference
        for entity in difference.removed:
            subject = self._subject(entity.name, "row", "gone", entity.table, None)
            yield _listed(subject, sql("id, null, null"), ident(SCHEMA, entity.table))
        for pair in difference.kept:
            for field in pair.removed:
                if not field.system:
                    path = f"{pair.before.name}.{field.name}"
                    subject = self._subject(path, "value", "gone", pair.before.table, field.column)
                    yield _listed_column(subject, pair.before.table, field.column, edges=False)
        staying = {pair.before.table for pair in difference.kept}
        for each in difference.relations_removed:
            path, place = f"relation {each.relation.name}", relation_column(self.fitting.before, each.relation)
            if place is None:
                table = relation_table(each.relation)
                subject = self._subject(path, "edge", "gone", table, None)
                once = sql(" where a <= b" if each.b_field is None else "")
                yield _listed(subject, sql("a, b, null"), sql("{t}{once}", t=ident(SCHEMA, table), once=once))
            elif place[0] in staying:
                yield _listed_column(self._subject(path, "edge", "gone", *place), *place, edges=True)

    # --- values, edges and rows that do not fit -------------------------------------------------------------------

    def _unfit(self) -> Iterator[Sql]:
        for judged in self.fitting.fields:
            yield from _judged(self._subject(judged.path, "value", "unfit", judged.entity.table, judged.column), judged)
        edges = {each: self._edge_subject(each) for each in self.fitting.edges}
        for each, subject in edges.items():
            yield from _judged_edges(subject, each)
        yield from self._closed()
        for entity in self.fitting.after.entities:
            if entity.id in self.fitting.risky:
                yield _unfit_rows(self._subject(entity.name, "row", "unfit", entity.table, None))
        for each, subject in edges.items():
            if any(side.entity.id in self.fitting.risky for side in each.sides):
                yield from _let_go(subject, each)

    def _edge_subject(self, each: Edges) -> Subject:
        relation = each.ends.relation
        table, column = relation_column(self.fitting.after, relation) or (relation.table or "", None)
        return self._subject(f"relation {relation.name}", "edge", "unfit", table, column)

    def _closed(self) -> Iterator[Sql]:
        """Rows that must have a partner do not fit when it does not."""
        needs = [
            sql(
                "select {t} as t, {mine} as id, {on_t} as on_t, {other} as on_id, {why} as why from {edges}",
                t=literal(side.entity.table),
                mine=Sql((side.letter,)),
                on_t=literal(other.entity.table),
                other=Sql((other.letter,)),
                why=literal(side.path),
                edges=edges_of(each),
            )
            for each in self.fitting.edges
            for side, other in zip(each.sides, each.sides[::-1], strict=True)
            if side.required
        ]
        if needs:
            yield sql(
                "insert into {unfit} (t, id, why) with recursive needs as ({needs}), gone (t, id) as ("
                "select t, id from {unfit} union "
                "select needs.t, needs.id from needs join gone on gone.t = needs.on_t and gone.id = needs.on_id) "
                "select distinct needs.t, needs.id, needs.why from needs "
                "join gone on gone.t = needs.on_t and gone.id = needs.on_id",
                unfit=UNFIT,
                needs=join(" union all ", needs),
            )


def _listed(subject: Subject, columns: Sql, source: Sql) -> Sql:
    return sql(
        "insert into {misfit} (n, id, other, value) select {n}, {columns} from {source}",
        misfit=MISFIT,
        n=literal(subject.number),
        columns=columns,
        source=source,
    )


def _listed_column(subject: Subject, table: str, column: str, *, edges: bool) -> Sql:
    c, shown = ident(column), literal(SHOWN_CHARACTERS)
    columns = sql("id, {c}, null", c=c) if edges else sql("id, null, left({c}::text, {shown})", c=c, shown=shown)
    return _listed(subject, columns, sql("{t} where {c} is not null", t=ident(SCHEMA, table), c=c))


def _judged(subject: Subject, each: Judged) -> Iterator[Sql]:
    table, c, n = looked_at(each.entity.table), ident(each.column), literal(subject.number)
    slots = {"u": table, "c": c, "n": n, "misfit": MISFIT, "shown": literal(SHOWN_CHARACTERS)}
    if each.replaced:
        yield sql(
            "insert into {misfit} (n, id, value) select {n}, b.id, left(b.{c}::text, {shown}) from {b} as b "
            "join {u} as u on u.id = b.id where b.{c} is not null and u.{c} is null",
            b=ident(SCHEMA, each.entity.table),
            **slots,
        )
    if each.gone:
        test = "{c} && {gone}::text[]" if each.field.is_list else "{c} = any({gone}::text[])"
        where = sql(test, c=c, gone=literal(list(each.gone)))
        yield sql(
            "insert into {misfit} (n, id, value) select {n}, id, left({c}::text, {shown}) from {u} where {where}",
            where=where,
            **slots,
        )
        yield sql("update {u} set {c} = null where {where}", where=where, **slots)
    if each.field.unique and not each.returns:
        # Whoever was written first keeps it.
        yield sql(
            "insert into {misfit} (n, id, value) select {n}, id, left({c}::text, {shown}) from (select id, {c}, "
            "row_number() over (partition by {key} order by updated_at, id) as place from {u} where {c} is not null) "
            "as each where place > 1",
            key=order_key(each.column, each.field.scalar),
            **slots,
        )
        yield sql(
            "update {u} as u set {c} = null from {misfit} as m where m.n = {n} and m.id = u.id and u.{c} is not null",
            **slots,
        )
    if each.was_optional:
        yield sql(
            "insert into {misfit} (n, id) select {n}, id from {u} as u where {c} is null "
            "and not exists (select from {misfit} as m where m.n = {n} and m.id = u.id)",
            **slots,
        )
    if each.field.required and each.instead is not None:
        yield sql("update {u} set {c} = {instead} where {c} is null", instead=each.instead, **slots)
    elif each.asks_rows:
        yield sql(
            "insert into {unfit} (t, id, why) select {t}, id, {why} from {u} where {c} is null",
            unfit=UNFIT,
            t=literal(each.entity.table),
            why=literal(each.path),
            **slots,
        )


def _judged_edges(subject: Subject, each: Edges) -> Iterator[Sql]:
    if each.returns:
        # Whoever removed a node removed its edges.
        for side in each.sides:
            yield sql(
                "delete from {e} as e where not exists (select from {u} as u where u.id = e.{side})",
                e=edges_of(each),
                u=looked_at(side.entity.table),
                side=Sql((side.letter,)),
            )
    if each.crowded:
        yield _uncrowded(subject, each)
    if each.lacking:
        for side in each.sides:
            if side.required:
                yield _lacking(each, side)


def _uncrowded(subject: Subject, each: Edges) -> Sql:
    """Edges of older rows first; each is kept where both ends are free."""
    a, b = each.sides
    taken = ident("pg_temp", f"~taken {each.id}")
    if each.symmetric:
        free = "t.id in (e.a, e.b)"
        keep = "values ('', e.a), ('', e.b) on conflict do nothing"
        once, both = sql(" where a <= b"), sql(" or (a = e.b and b = e.a)")
    else:
        tests = [f"(t.side = '{side.letter}' and t.id = e.{side.letter})" for side in (a, b) if side.single]
        free = " or ".join(tests)
        keep = "values " + ", ".join(f"('{side.letter}', e.{side.letter})" for side in (a, b) if side.single)
        once, both = Sql(), Sql()
    return sql(
        "do $judge$ declare e record; begin "
        'create temp table {taken} (side text, id text collate "C", primary key (side, id)) on commit drop; '
        "for e in select a, b from {edges}{once} order by a, b loop "
        "if exists (select from {taken} as t where {free}) then "
        "insert into {misfit} (n, id, other) values ({n}, e.a, e.b); "
        "delete from {edges} where (a = e.a and b = e.b){both}; "
        "else insert into {taken} {keep}; end if; end loop; end $judge$",
        taken=taken,
        edges=edges_of(each),
        once=once,
        free=Sql((free,)),
        misfit=MISFIT,
        n=literal(subject.number),
        both=both,
        keep=Sql((keep,)),
    )


def _lacking(each: Edges, side: Side) -> Sql:
    return sql(
        "insert into {unfit} (t, id, why) select {t}, id, {why} from {u} as u "
        "where not exists (select from {e} as e where e.{side} = u.id)",
        unfit=UNFIT,
        t=literal(side.entity.table),
        why=literal(side.path),
        u=looked_at(side.entity.table),
        e=edges_of(each),
        side=Sql((side.letter,)),
    )


def _unfit_rows(subject: Subject) -> Sql:
    return sql(
        "insert into {misfit} (n, id, value) "
        "select {n}, id, string_agg(distinct why, ', ' order by why) from {unfit} where t = {t} group by id",
        misfit=MISFIT,
        unfit=UNFIT,
        n=literal(subject.number),
        t=literal(subject.table),
    )


def _let_go(subject: Subject, each: Edges) -> Iterator[Sql]:
    """Edges of rows that go."""
    tests = [
        sql(
            "exists (select from {unfit} as u where u.t = {t} and u.id = e.{side})",
            unfit=UNFIT,
            t=literal(side.entity.table),
            side=Sql((side.letter,)),
        )
        for side in each.sides
    ]
    where, once = join(" or ", tests), sql("e.a <= e.b and " if each.symmetric else "")
    template = "insert into {misfit} (n, id, other) select {n}, a, b from {e} as e where {once}({where})"
    slots = {"misfit": MISFIT, "e": edges_of(each), "where": where, "n": literal(subject.number), "once": once}
    yield sql(template, **slots)
    yield sql("delete from {e} as e where {where}", **slots)

"""The plan that takes a deployment back: its earlier Model, its data from the trash, and what was written since.

It goes over a Model in between that holds both: what the earlier one demands of values, and some of these do not obey
yet, is not demanded there. So the way there and the way on are ordinary migrations, and between the two values come
back and what does not fit is set aside in the trash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from common.sql import Sql, ident, join, literal, sql
from contracts.model import Entity, Enum, Field, Model, RelationField
from contracts.names import database
from provisioner.domain.actions import Action
from provisioner.domain.both import Both
from provisioner.domain.ddl import READERS_WAIT, locks
from provisioner.domain.diff import Difference, Grade, Road, changes, compare
from provisioner.domain.fitting import Edges, Fitting, Judged
from provisioner.domain.judging import MISFIT, UNFIT, Judging, Subject, edges_of, looked_at
from provisioner.domain.layout import SCHEMA, layout, relation_column, relation_table
from provisioner.domain.migration import steps
from provisioner.domain.plan import (
    MARK_CHARACTERS,
    Plan,
    PlannedCheck,
    PlannedStep,
    deployment_id,
    locked,
    names,
    planned_change,
    planned_step,
)
from provisioner.domain.preparing import TRASH
from provisioner.domain.trash import Held, Kept, kept, type_name
from provisioner.domain.versions import back

Listed = Mapping[str, str]
"""What somebody has seen of the list: the digest of each subject's rows, by `key`."""


def key(subject: Subject) -> str:
    """What a subject is called in `Listed`."""
    return f"{subject.because} {subject.what} {subject.path}"


class Undo:
    """How an environment gets from the Model it runs back to the one before its last deployment."""

    def __init__(self, before: Model, after: Model, held: Held) -> None:
        self.before, self.after, self.held = before, after, held
        self.fitting = Fitting(before, after, held)
        self.judging = Judging(self.fitting)

    @property
    def returning(self) -> tuple[Kept, ...]:
        """What comes back from the trash."""
        fields = [each.kept for each in self.fitting.fields]
        edges = [each.kept for each in self.fitting.edges]
        tables = [self.held.get((entity.table, None)) for entity in self.fitting.returning]
        return tuple(each for each in (*tables, *fields, *edges) if each is not None)

    def plan(
        self,
        *,
        environment: str,
        deployment: str,
        undoes: str,
        from_model_sha: str,
        model_sha: str,
        listed: Listed | None,
    ) -> Plan:
        """The plan. `listed` is what may be set aside; None for whatever there is."""
        mark, role = deployment_id(environment, deployment)[:MARK_CHARACTERS], database(environment)
        between = relaxed(self.fitting)
        there = back(self.before, between)
        on = compare(between, _plain(self.after), Road(frozenset(), frozenset(), {}, {}), back=True)
        first, last = steps(there, mark=mark), steps(on, mark=mark)
        assert all(each.phase == "switch" for each in (*first, *last)), "an undo prepares nothing"
        aside = _Aside(self, there, between, mark)
        own = [_own("judge what fits", "everything", self.judging.statements)] if self.judging.statements else []
        middle = [_own(kind, subject, statements) for kind, subject, statements in aside.steps() if statements]
        every = [
            *own,
            *(planned_step(each, role) for each in first),
            *middle,
            *(planned_step(each, role) for each in last),
        ]
        numbered = tuple(each.model_copy(update={"number": n}) for n, each in enumerate(every, 1))
        return Plan(
            environment=environment,
            deployment=deployment,
            service=self.after.service,
            from_model_sha=from_model_sha,
            model_sha=model_sha,
            forced=listed is None,
            changes=tuple(planned_change(each) for each in changes(back(self.before, _plain(self.after)))),
            # What the earlier Model demands was judged; the constraints of the last steps say it once more.
            checks=tuple(self._check(each, listed) for each in self.judging.subjects if listed is not None),
            locks=self._locks(there, on, [each.action for each in (*first, *last)]),
            mark=mark,
            steps=numbered,
            counts_after=len(own) + len(first) + len(middle),
            names={**names(self.before), **names(self.after)},
            kept=(*aside.left(kept(Both(there, mark), [each.action for each in first])), *aside.kept),
            undoes=undoes,
        )

    def _check(self, subject: Subject, listed: Listed | None) -> PlannedCheck:
        seen = (listed or {}).get(key(subject), "")
        count = sql(
            "select case when ({digest}) in ('', {seen}) then 0 else (select count(*) from {misfit} where n = {n}) end",
            digest=subject.digest,
            seen=literal(seen),
            misfit=MISFIT,
            n=literal(subject.number),
        )
        return PlannedCheck(kind="loss", path=subject.path, count=count.text)

    def _locks(self, there: Difference, on: Difference, actions: list[Action]) -> dict[str, str]:
        """Nobody reads or writes what is looked at until the end."""
        known = layout(self.before)
        looked = {each.table: READERS_WAIT for each in self.fitting.tables}
        looked |= {
            relation_table(each.ends.relation): READERS_WAIT
            for each in self.fitting.edges
            if each.ends.relation.table is not None
        }
        further = {table: READERS_WAIT for each in actions for table in locks(each)}
        there_locks = locked(there, [locks(each) for each in actions])
        every = {**there_locks, **locked(on, []), **further, **looked}
        return {table: every[table] for table in sorted(every) if table in known}


def relaxed(fitting: Fitting) -> Model:
    """The earlier Model without what some values do not obey yet."""
    judged = {(each.entity.id, each.field.id) for each in fitting.fields}
    before = fitting.before
    known = {enum.id: enum for enum in before.enums}
    sides: dict[tuple[str, str], RelationField] = {}
    for each in fitting.difference.relations_added:
        for owner, side in each.sides:
            sides[owner.id, side.name] = side.model_copy(update={"required": False})
    for pair in fitting.difference.relations_kept:
        for was in pair.sides:
            loose = {
                "is_list": was.after.is_list or was.before.is_list,
                "required": was.after.required and was.before.required,
            }
            sides[was.entity.id, was.after.name] = was.after.model_copy(update=loose)

    def entity(each: Entity) -> Entity:
        fields = tuple(_loose(one) if (each.id, one.id) in judged else _silent(one) for one in each.fields)
        edges = tuple(sides.get((each.id, one.name), one) for one in each.relations)
        return _entity(each, fields, edges)

    def enum(each: Enum) -> Enum:
        more = [value for value in (known[each.id].values if each.id in known else ()) if value not in each.values]
        return each.model_copy(update={"values": (*each.values, *more), "migration_value": None})

    return _model(fitting.after, map(entity, fitting.after.entities), map(enum, fitting.after.enums))


def _plain(model: Model) -> Model:
    """The Model without migration values: nobody asks for them now."""
    entities = (_entity(each, map(_silent, each.fields), each.relations) for each in model.entities)
    return _model(model, entities, (each.model_copy(update={"migration_value": None}) for each in model.enums))


# Made anew, not copied: a copy takes along what was looked up before.


def _model(model: Model, entities: Iterable[Entity], enums: Iterable[Enum]) -> Model:
    return Model(
        service=model.service,
        counter=model.counter,
        entities=tuple(entities),
        relations=model.relations,
        enums=tuple(enums),
    )


def _entity(entity: Entity, fields: Iterable[Field], relations: Iterable[RelationField]) -> Entity:
    return Entity(
        id=entity.id,
        name=entity.name,
        table=entity.table,
        fields=tuple(fields),
        relations=tuple(relations),
        order=entity.order,
        description=entity.description,
    )


def _silent(field: Field) -> Field:
    return field.model_copy(update={"has_migration_value": False, "migration_value": None})


def _loose(field: Field) -> Field:
    return _silent(field).model_copy(update={"required": False, "unique": False})


def _own(kind: str, subject: str, statements: tuple[Sql, ...]) -> PlannedStep:
    return PlannedStep(
        number=0,
        kind=kind,
        subject=subject,
        reason="a deployment is undone",
        grade=Grade.HAZARDOUS,
        locks={},
        sql=tuple(each.text for each in statements),
    )


class _Aside:
    """What is done between the two ways: on tables as the Model in between has them."""

    def __init__(self, undo: Undo, there: Difference, between: Model, mark: str) -> None:
        self.fitting, self.judging = undo.fitting, undo.judging
        self.held, self.between, self.mark = undo.held, between, mark
        self.both = Both(there, mark)
        self.kept: list[Kept] = []
        """What it puts into the trash."""
        self.emptied: list[str] = []
        """What it takes out of the trash altogether."""

    def steps(self) -> Iterator[tuple[str, str, tuple[Sql, ...]]]:
        for judged in self.fitting.fields:
            yield "set values aside", judged.path, tuple(self._values(judged))
        for each in self.fitting.edges:
            yield "set edges aside", f"relation {each.ends.relation.name}", tuple(self._edges(each))
        for entity in self.fitting.returning:
            yield "bring rows back", entity.name, tuple(self._returned(entity))
        for entity in self.fitting.tables:
            yield "bring values back", entity.name, tuple(self._updated(entity))
        yield "set rows aside", "everything", tuple(self._rows())
        for each in self.fitting.edges:
            if each.changed:
                yield "bring edges back", f"relation {each.ends.relation.name}", tuple(self._connected(each))
        yield "empty the trash", "everything", tuple(sql("drop table {t}", t=ident(TRASH, n)) for n in self.emptied)

    def left(self, items: tuple[Kept, ...]) -> Iterator[Kept]:
        """What the way there leaves in the trash, and what replaces it."""
        for each in items:
            judged = next(
                (one for one in self.fitting.fields if (one.entity.table, one.column) == (each.table, each.column)),
                None,
            )
            became = judged.instead.text if judged is not None and judged.instead is not None else each.became
            yield each.model_copy(update={"became": became})

    def _values(self, each: Judged) -> Iterator[Sql]:
        table, column = each.entity.table, each.column
        subject = self.judging.of(table, column, "value")
        assert subject is not None, "every judged field is a subject"
        if each.kept is not None:
            self.emptied.append(each.kept.name)
        slots = {"misfit": MISFIT, "n": literal(subject.number), "to": ident(TRASH, self.both.copy_name(table, column))}
        if each.replaced and self._is_new(table, column):
            # The way there has put all of them into the trash; those that fit come back.
            yield sql(
                "delete from {to} as kept where not exists "
                "(select from {misfit} as m where m.n = {n} and m.id = kept.id)",
                **slots,
            )
        elif not each.returns:
            self.kept.append(
                Kept(
                    name=self.both.copy_name(table, column),
                    table=table,
                    column=column,
                    what="values",
                    subject=subject.path,
                    type=type_name(self.fitting.after, each.field),
                    became="null" if each.instead is None else each.instead.text,
                )
            )
            yield sql(
                "create table {to} as select t.id, t.{c} as value from {t} as t "
                "join {misfit} as m on m.n = {n} and m.id = t.id where t.{c} is not null",
                c=ident(column),
                t=ident(SCHEMA, table),
                **slots,
            )

    def _is_new(self, table: str, column: str) -> bool:
        return table in self.both.staying and self.both.is_new(table, column)

    def _edges(self, each: Edges) -> Iterator[Sql]:
        relation = each.ends.relation
        table, column = relation_column(self.fitting.after, relation) or (relation_table(relation), None)
        subject = self.judging.of(table, column, "edge")
        assert subject is not None, "every judged relation is a subject"
        if each.kept is not None:
            self.emptied.append(each.kept.name)
        name = f"{relation.id}_edges_{self.mark}"
        self.kept.append(Kept(name=name, table=table, column=column, what="edges", subject=subject.path))
        yield sql(
            "create table {to} as select id as a, other as b from {misfit} where n = {n}",
            to=ident(TRASH, name),
            misfit=MISFIT,
            n=literal(subject.number),
        )

    def _returned(self, entity: Entity) -> Iterator[Sql]:
        item = self.held.get((entity.table, None))
        if item is None:
            return
        # Relations follow when all rows are there.
        columns = ["id", "created_at", "updated_at", *(one.column for one in entity.fields if not one.system)]
        fits = (
            sql(
                " where not exists (select from {u} as u where u.t = {t} and u.id = was.id)",
                u=UNFIT,
                t=literal(entity.table),
            )
            if entity.id in self.fitting.risky
            else Sql()
        )
        yield sql(
            "insert into {t} ({columns}) select {columns} from {was} as was{fits}",
            t=ident(SCHEMA, entity.table),
            columns=join(", ", map(ident, columns)),
            was=ident(TRASH, item.name),
            fits=fits,
        )
        if entity.id not in self.fitting.risky:
            self.emptied.append(item.name)
            return
        template = "delete from {was} as was where exists (select from {t} as t where t.id = was.id)"
        yield sql(template, was=ident(TRASH, item.name), t=ident(SCHEMA, entity.table))

    def _updated(self, entity: Entity) -> Iterator[Sql]:
        columns = [ident(each.column) for each in self.fitting.of(entity)]
        if columns:
            yield sql(
                "update {t} as t set {changes} from {u} as u where u.id = t.id and ({differ})",
                t=ident(SCHEMA, entity.table),
                changes=join(", ", [sql("{c} = u.{c}", c=c) for c in columns]),
                u=looked_at(entity.table),
                differ=join(" or ", [sql("t.{c}::text is distinct from u.{c}::text", c=c) for c in columns]),
            )

    def _rows(self) -> Iterator[Sql]:
        """All in one statement: rows that need each other go together."""
        gone = [each for each in self.fitting.tables if each.id in self.fitting.risky]
        parts = []
        for n, entity in enumerate(gone):
            name = f"{entity.table}_rows_{self.mark}"
            where = sql(
                "exists (select from {unfit} as u where u.t = {t} and u.id = t.id)",
                unfit=UNFIT,
                t=literal(entity.table),
            )
            slots = {"t": ident(SCHEMA, entity.table), "where": where, "to": ident(TRASH, name)}
            if entity.id in self.fitting.before.entity_by_id:
                self.kept.append(Kept(name=name, table=entity.table, what="rows", subject=entity.name))
                yield sql("create table {to} as select t.* from {t} as t where {where}", **slots)
            parts.append(sql("g{n} as (delete from {t} as t where {where})", n=Sql((str(n),)), **slots))
        if parts:
            yield sql("with {parts} select 1", parts=join(", ", parts))

    def _connected(self, each: Edges) -> Iterator[Sql]:
        relation = self.between.relation_by_id[each.id]
        place, e = relation_column(self.between, relation), edges_of(each)
        if place is None:
            t = ident(SCHEMA, relation_table(relation))
            yield sql(
                "delete from {t} as t where not exists (select from {e} as e where e.a = t.a and e.b = t.b)", t=t, e=e
            )
            yield sql("insert into {t} (a, b) select a, b from {e} on conflict do nothing", t=t, e=e)
            return
        mine, other = ("a", "b") if relation.storage == "a" else ("b", "a")
        slots = {"t": ident(SCHEMA, place[0]), "c": ident(place[1]), "e": e}
        slots |= {"mine": Sql((mine,)), "other": Sql((other,))}
        yield sql(
            "update {t} as t set {c} = null where {c} is not null and not exists "
            "(select from {e} as e where e.{mine} = t.id and e.{other} = t.{c})",
            **slots,
        )
        yield sql(
            "update {t} as t set {c} = e.{other} from {e} as e "
            "where e.{mine} = t.id and t.{c} is distinct from e.{other}",
            **slots,
        )

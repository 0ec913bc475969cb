"""What an undo has to come to, worked out row by row in Python from three pictures of the data.

The pictures: before the deployment, right after it, and when it is undone. Values are texts as PostgreSQL writes them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from contracts.model import Entity, Field, Model, Relation, Scalar
from provisioner.domain.diff import Difference
from provisioner.domain.versions import back
from tests.support.rows import _key as folded

Row = dict[str, str | None]
INT = re.compile(r"0|-?[1-9][0-9]*")


@dataclass
class Picture:
    """All rows by table and id, with their columns; all edges by relation, each as ids of sides a and b."""

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    edges: dict[str, set[tuple[str, str]]] = field(default_factory=dict)


Listed = set[tuple[str, str, str | None]]
"""Path, id, other end of an edge."""


@dataclass
class Outcome:
    """What is there afterwards, and what does not fit."""

    picture: Picture
    listed: Listed


def expected(
    older: Model, newer: Model, pictures: tuple[Picture, Picture, Picture], insteads: dict[tuple[str, str], str]
) -> Outcome:
    """`insteads` are the texts of what required fields get, by table and column."""
    naive = _Naive(older, newer, pictures, insteads)
    naive.values()
    naive.relations()
    naive.unfit_rows()
    naive.gone()
    return Outcome(naive.result, naive.listed)


class _Naive:
    def __init__(
        self,
        older: Model,
        newer: Model,
        pictures: tuple[Picture, Picture, Picture],
        insteads: dict[tuple[str, str], str],
    ) -> None:
        self.older, self.newer, self.insteads = older, newer, insteads
        self.first, self.then, self.last = pictures
        self.difference: Difference = back(newer, older)
        self.result = Picture()
        self.listed: Listed = set()
        self.unfit: set[tuple[str, str]] = set()

    # --- values ---------------------------------------------------------------------------------------------------

    def values(self) -> None:
        for entity in self.older.entities:
            was = self.newer.entity_by_id.get(entity.id)
            source = self.last.rows[entity.table] if was else self.first.rows[entity.table]
            self.result.rows[entity.table] = {key: {"updated_at": row["updated_at"]} for key, row in source.items()}
            for one in entity.fields:
                if not one.system:
                    self._field(entity, was, one)

    def _field(self, entity: Entity, was: Entity | None, one: Field) -> None:
        rows, path = self.result.rows[entity.table], f"{entity.name}.{one.name}"
        other = next((each for each in was.fields if each.id == one.id), None) if was else None
        for key, row in rows.items():
            row[one.column] = self._value(entity, one, other, key, path, there=was is not None)
        if one.unique and other is not None:
            seen = set()
            for key, row in sorted(rows.items(), key=lambda each: (each[1]["updated_at"] or "", each[0])):
                value = row[one.column]
                if value is None:
                    continue
                fold = folded(value) if one.scalar is Scalar.STRING else value
                if fold in seen:
                    self.listed.add((path, key, None))
                    row[one.column] = None
                seen.add(fold)
        for key, row in rows.items():
            if row[one.column] is None and one.required:
                if other is not None and not other.required:
                    self.listed.add((path, key, None))
                row[one.column] = self.insteads.get((entity.table, one.column))
                if row[one.column] is None:
                    self.unfit.add((entity.table, key))

    def _value(
        self, entity: Entity, one: Field, other: Field | None, key: str, path: str, *, there: bool
    ) -> str | None:
        before = self.first.rows.get(entity.table, {}).get(key)
        if other is None:
            return before[one.column] if before else None
        assert there
        now = self.last.rows[entity.table][key][one.column]
        deployed = self.then.rows[entity.table].get(key)
        if before and deployed and deployed[one.column] == now and before[one.column] is not None:
            return before[one.column]
        if now is None:
            return None
        fits = self._reads(one, other, now)
        if fits is None:
            self.listed.add((path, key, None))
        return fits

    def _reads(self, one: Field, other: Field, now: str) -> str | None:
        if one.scalar is Scalar.ENUM:
            assert one.enum is not None
            values = self.older.enum_by_id[one.enum].values
            held = [each.strip('"') for each in now[1:-1].split(",") if each] if one.is_list else [now]
            if other.is_list == one.is_list and (other.scalar is Scalar.ENUM or not one.is_list):
                return now if all(each in values for each in held) else None
        if other.scalar is one.scalar:
            return now
        if one.is_list:
            return now if now == "{}" else None
        if one.scalar is Scalar.INT:
            return now if INT.fullmatch(now) and -(2**31) <= int(now) < 2**31 else None
        if one.scalar is Scalar.BOOLEAN:
            return now if now in {"true", "false"} else None
        if one.scalar is Scalar.JSON:
            try:
                json.loads(now)
            except ValueError:
                return None
            return now
        return None

    # --- relations ------------------------------------------------------------------------------------------------

    def relations(self) -> None:
        pairs = {pair.after.relation.id: pair for pair in self.difference.relations_kept}
        for relation in self.older.relations:
            pair = pairs.get(relation.id)
            if pair is None:
                edges = self.first.edges[relation.id]
                a, b = self._tables(relation)
                there = {each for each in edges if each[0] in self.result.rows[a] and each[1] in self.result.rows[b]}
            else:
                there = {edge[::-1] if pair.swapped else edge for edge in self.last.edges[relation.id]}
            self.result.edges[relation.id] = self._uncrowded(relation, there)

    def _tables(self, relation: Relation) -> tuple[str, str]:
        known = self.older.entity_by_id
        return known[relation.a].table, known[relation.b].table

    def _sides(self, relation: Relation) -> tuple[tuple[bool, bool], tuple[bool, bool]]:
        """Whether each side is required, and whether it is single."""
        a = self.older.entity_by_id[relation.a].relation_by_name[relation.a_field]
        b = a if relation.b_field is None else self.older.entity_by_id[relation.b].relation_by_name[relation.b_field]
        return (a.required and not a.is_list, not a.is_list), (b.required and not b.is_list, not b.is_list)

    def _uncrowded(self, relation: Relation, edges: set[tuple[str, str]]) -> set[tuple[str, str]]:
        (_, a_single), (_, b_single) = self._sides(relation)
        kept: set[tuple[str, str]] = set()
        a_taken: set[str] = set()
        b_taken: set[str] = set()
        symmetric = relation.b_field is None
        for a, b in sorted(edges):
            if symmetric and a > b:
                continue
            if symmetric and a_single and {a, b} & a_taken:
                self.listed.add((f"relation {relation.name}", a, b))
                continue
            if not symmetric and ((a_single and a in a_taken) or (b_single and b in b_taken)):
                self.listed.add((f"relation {relation.name}", a, b))
                continue
            kept.add((a, b))
            a_taken.add(a)
            b_taken.add(b)
            if symmetric:
                kept.add((b, a))
                a_taken.add(b)
        return kept

    # --- rows -----------------------------------------------------------------------------------------------------

    def unfit_rows(self) -> None:
        while lacking := {each for one in self.older.relations for each in self._lacking(one)} - self.unfit:
            self.unfit |= lacking
        names = {entity.table: entity.name for entity in self.older.entities}
        for relation in self.older.relations:
            a_table, b_table = self._tables(relation)
            for a, b in list(self.result.edges[relation.id]):
                if (a_table, a) in self.unfit or (b_table, b) in self.unfit:
                    self.result.edges[relation.id].discard((a, b))
                    if relation.b_field is not None or a <= b:
                        self.listed.add((f"relation {relation.name}", a, b))
        for table, key in self.unfit:
            self.listed.add((names[table], key, None))
            del self.result.rows[table][key]

    def _lacking(self, relation: Relation) -> set[tuple[str, str]]:
        tables, edges = self._tables(relation), self.result.edges[relation.id]
        pair = next((each for each in self.difference.relations_kept if each.after.relation.id == relation.id), None)
        found = set()
        for side, (required, _) in enumerate(self._sides(relation)):
            if not required:
                continue
            found |= {(tables[side], edge[side]) for edge in edges if (tables[1 - side], edge[1 - side]) in self.unfit}
            if pair is None or pair.tightened:
                # Else nobody can have written a row without its partner: the version that ran demanded it as well.
                partners = {edge[side] for edge in edges}
                found |= {(tables[side], key) for key in self.result.rows[tables[side]] if key not in partners}
        return found

    # --- what the older version does not have -------------------------------------------------------------------------

    def gone(self) -> None:
        for entity in self.difference.removed:
            self.listed |= {(entity.name, key, None) for key in self.last.rows[entity.table]}
        staying = set()
        for pair in self.difference.kept:
            staying.add(pair.before.id)
            for one in pair.removed:
                if not one.system:
                    rows = self.last.rows[pair.before.table].items()
                    path = f"{pair.before.name}.{one.name}"
                    self.listed |= {(path, key, None) for key, row in rows if row[one.column] is not None}
        for each in self.difference.relations_removed:
            relation = each.relation
            if relation.storage != "join" and each.holder.id not in staying:
                continue
            # An edge is told from the side that holds it.
            for a, b in self.last.edges[relation.id]:
                if relation.b_field is None and a > b:
                    continue
                ends = (b, a) if relation.storage == "b" else (a, b)
                self.listed.add((f"relation {relation.name}", *ends))

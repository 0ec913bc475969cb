"""Both layouts of a migration side by side, and what they do not tell: what is another thing under the same name."""

from __future__ import annotations

from collections.abc import Iterator

from common.sql import Sql
from provisioner.domain.data import FieldPair
from provisioner.domain.diff import Difference
from provisioner.domain.layout import Check, Column, Index, Reference, Table, layout, relation_column, relation_table

Place = tuple[str, str]
"""Table and column."""


class Both:
    """What is there and what is to be there. `mark` belongs to this deployment alone."""

    def __init__(self, difference: Difference, mark: str) -> None:
        self.difference = difference
        self.mark = mark
        self.old = layout(difference.before)
        self.new = layout(difference.after)
        self.pairs: dict[Place, FieldPair] = {
            (pair.after.table, kept.after.column): kept
            for pair in difference.kept
            for kept in pair.kept
            if not kept.after.system
        }
        """Fields that keep their column."""
        self.fills: dict[Place, Sql | None] = {
            (pair.after.table, field.column): pair.fill(field).to
            for pair in difference.kept
            for field in (*pair.added, *(each.after for each in pair.replaced))
        }
        """What rows that exist get in a new column."""
        self.renewed_tables, self.renewed_columns = self._renewed()
        self.moved: dict[Place, str] = dict(self._moved())
        """Relation columns that change tables, and the table each comes from."""
        self.inverted = set(self._inverted())
        """Columns of one-to-one self relations that now stand for the other direction."""
        self.staying = [name for name in self.new if name in self.old and name not in self.renewed_tables]

    def after(self, name: str) -> Table | None:
        """What becomes of a table; None when it goes."""
        return None if name in self.renewed_tables else self.new.get(name)

    def renews(self, each: Check | Index | Reference) -> bool:
        """Whether the same words now speak of another column."""
        return (each.table, each.column) in self.renewed_columns

    def is_new(self, table: str, column: str) -> bool:
        """Whether a column of a table that stays holds nothing yet."""
        return self.old[table].column(column) is None or (table, column) in self.renewed_columns

    def goes(self, table: str, column: str) -> bool:
        """Whether the values of a column of a table that stays are no longer served."""
        gone = self.new[table].column(column) is None or (table, column) in self.renewed_columns
        return gone and (column, table) not in {(place[1], source) for place, source in self.moved.items()}

    def column(self, table: str, column: str) -> Column:
        """A column as it is to be."""
        found = self.new[table].column(column)
        assert found is not None, f"{table} has no column {column} afterwards"
        return found

    def old_column(self, table: str, column: str) -> Column:
        """A column as it is."""
        found = self.old[table].column(column)
        assert found is not None, f"{table} has no column {column} before"
        return found

    def new_indexes(self, table: str, column: str) -> tuple[Index, ...]:
        """The indexes a column is to have."""
        return tuple(each for each in self.new[table].indexes if each.column == column)

    def copy_name(self, table: str, column: str) -> str:
        """Where in the trash the values of a column go."""
        return f"{table}_{column}_{self.mark}"

    def _renewed(self) -> tuple[set[str], set[Place]]:
        """Tables and columns that get another meaning under the same name: what they hold goes, nothing stays."""
        again = {each.relation.id for each in self.difference.relations_added}
        tables: set[str] = set()
        columns = {
            (pair.after.table, each.after.column)
            for pair in self.difference.kept
            for each in pair.replaced
            if each.before.column == each.after.column
        }
        for each in self.difference.relations_removed:
            if each.relation.id not in again:
                continue
            held = relation_column(self.difference.before, each.relation)
            if held is None:
                tables.add(relation_table(each.relation))
            else:
                columns.add(held)
        return tables, columns

    def _moved(self) -> Iterator[tuple[Place, str]]:
        for pair in self.difference.relations_kept:
            before = relation_column(self.difference.before, pair.before.relation)
            after = relation_column(self.difference.after, pair.after.relation)
            if before is not None and after is not None and before != after:
                yield after, before[0]

    def _inverted(self) -> Iterator[Place]:
        for pair in self.difference.relations_kept:
            held = relation_column(self.difference.after, pair.after.relation)
            if held is not None and pair.inverted:
                yield held

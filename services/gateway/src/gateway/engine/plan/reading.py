"""Selections -> reads: which rows, and what of each row stands in the answer (G 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.model import Entity, Model, RelationField
from gateway.engine.failure import Failed, Rejected, invalid, no_argument
from gateway.engine.operation.given import Given, Value
from gateway.engine.operation.selection import Selected
from gateway.engine.plan.filters import condition
from gateway.engine.plan.links import link
from gateway.engine.plan.pages import order, page
from gateway.engine.plan.tree import (
    AnyNode,
    Check,
    Count,
    Counted,
    CountOutput,
    Fixed,
    Many,
    Node,
    One,
    Output,
    Rows,
    Stored,
)
from gateway.engine.schema.members import Vocabulary
from gateway.engine.schema.types import unique_fields


@dataclass(slots=True)
class Reading:
    """One root field being planned; collects what its variables must satisfy."""

    words: Vocabulary
    checks: list[Check] = field(default_factory=list)

    @property
    def model(self) -> Model:
        """The model that is read."""
        return self.words.model

    def every(self, entity: Entity, selected: Selected) -> Many:
        """`allBands(...)`."""
        return Many(selected.key, self._rows(entity, selected.arguments), self.outputs(entity, selected.fields))

    def count(self, entity: Entity, selected: Selected) -> Count:
        """`_allBandsMeta(...)`: only the filter counts, pages are accepted and ignored (G 5.1)."""
        rows = Rows(entity, condition(self.words, entity, selected.arguments.get("filter")))
        return Count(selected.key, rows, _count_outputs(selected.fields))

    def single(self, entity: Entity, selected: Selected) -> Node:
        """`Band(id: ..., slug: ...)`: the first given selector decides (G 5.1)."""
        selectors = unique_fields(entity)
        for one in selectors:
            given = selected.arguments.get(one.name)
            if isinstance(given, Value):
                return Node(entity, one, given.source, self.outputs(entity, selected.fields))
        raise Failed(no_argument(tuple(one.name for one in selectors)))

    def node(self, selected: Selected) -> AnyNode:
        """`node(id)`."""
        given = selected.arguments["id"]
        assert isinstance(given, Value), "the id is required"
        chosen = selected.by_type or {}
        return AnyNode(
            given.source,
            tuple([(entity, self.outputs(entity, chosen[entity.name])) for entity in self.model.entities]),
        )

    def outputs(self, entity: Entity, selection: tuple[Selected, ...]) -> tuple[Output, ...]:
        """What of a node stands in the answer, in the order of the selection."""
        return tuple([self._output(entity, selected) for selected in selection])

    def _output(self, entity: Entity, selected: Selected) -> Output:
        name = selected.name
        stored = entity.field_by_name.get(name)
        if stored is not None:
            return Stored(selected.key, stored)
        if name == "__typename":
            return Fixed(selected.key, f'"{entity.name}"')
        relation = entity.relation_by_name.get(name)
        if relation is not None and not relation.is_list:
            return self._one(entity, relation, selected)
        if relation is not None:
            edge = link(self.model, entity, relation)
            rows = self._rows(edge.far, selected.arguments)
            rows = Rows(edge.far, rows.condition, rows.order, rows.page, edge)
            return Many(selected.key, rows, self.outputs(edge.far, selected.fields))
        edge = link(self.model, entity, entity.relation_by_name[name.removeprefix("_").removesuffix("Meta")])
        only = condition(self.words, edge.far, selected.arguments.get("filter"))
        return Count(selected.key, Rows(edge.far, only, link=edge), _count_outputs(selected.fields))

    def _one(self, entity: Entity, relation: RelationField, selected: Selected) -> One:
        edge = link(self.model, entity, relation)
        only = condition(self.words, edge.far, selected.arguments.get("filter"))
        if only is not None and relation.required:
            # It could leave a null where the schema promises none, and the null would take the parents with it (G 5.2).
            message = f"'{relation.name}' is required and cannot be filtered: filter {entity.name} by it instead."
            raise Rejected(invalid(message, selected.location))
        return One(selected.key, Rows(edge.far, only, link=edge), self.outputs(edge.far, selected.fields))

    def _rows(self, entity: Entity, arguments: Mapping[str, Given]) -> Rows:
        return Rows(
            entity,
            condition(self.words, entity, arguments.get("filter")),
            order(self.words, entity, arguments),
            page(arguments, self.checks),
        )


def _count_outputs(selection: tuple[Selected, ...]) -> tuple[CountOutput, ...]:
    return tuple(
        [Fixed(one.key, '"_QueryMeta"') if one.name == "__typename" else Counted(one.key) for one in selection]
    )

"""Reading rows as lists: one way for every view, at any position, by keyset, with the filters that the view names."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy import JSON, Connection, RowMapping, Table, and_, or_, select, tuple_
from sqlalchemy.types import TypeEngine

from projections.shapes import holds_text
from projections.temporal import held_at, holds_at, key_of

After = tuple[str | int, ...]


@dataclass(frozen=True)
class Listed:
    """A list that a view offers: its path and name, its table, and how it is filtered and ordered.

    `order` names columns that are unique together; `scope` says whether it is read within an incident.
    """

    path: str
    noun: str
    table: Table
    order: tuple[str, ...]
    filters: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    scope: Literal["incident", "all"] = "incident"
    descending: bool = False
    summary: str = ""

    @property
    def key(self) -> str:
        """Return the column that names an item."""
        return key_of(self.table)[0]


@lru_cache(maxsize=64)
def model_of(listed: Listed) -> type[BaseModel]:
    """Return the model of an item: its columns, and the position since which it holds."""
    fields: dict[str, Any] = {}
    for column in listed.table.columns:
        if column.name != "until":
            kind = _kind(column.type)
            fields[str(column.name)] = (kind | None if column.nullable else kind, ...)
    name = "".join(word.title() for word in listed.noun.split("_")) + "View"
    return create_model(name, __config__=ConfigDict(frozen=True), **fields)


def _kind(type_: TypeEngine[Any]) -> Any:
    return dict[str, Any] | list[Any] if isinstance(type_, JSON) else type_.python_type


def read(
    connection: Connection,
    listed: Listed,
    position: int,
    equals: dict[str, str | int | None],
    *,
    q: str | None = None,
    limit: int = 50,
    after: After | None = None,
) -> list[BaseModel]:
    """Return the items that held at a position, at most `limit`, after a key of the order's columns."""
    table = listed.table
    where = [holds_at(table, position), *(table.c[name] == x for name, x in equals.items() if x is not None)]
    if q is not None:
        where.append(or_(*(holds_text(table.c[name], q) for name in listed.text)))
    columns = [table.c[name] for name in listed.order]
    if after is not None:
        mine, given = tuple_(*columns), tuple_(*after)
        where.append(mine < given if listed.descending else mine > given)
    order = [column.desc() for column in columns] if listed.descending else columns
    found = connection.execute(select(table).where(and_(*where)).order_by(*order).limit(limit)).mappings()
    return [_item(listed, row) for row in found]


def _item(listed: Listed, row: RowMapping) -> BaseModel:
    model = model_of(listed)
    return model.model_validate({name: row[name] for name in model.model_fields})


def one(connection: Connection, listed: Listed, position: int, key: str) -> BaseModel | None:
    """Return the item of a key at a position, None where none held."""
    found = held_at(connection, listed.table, position, listed.table.c[listed.key] == key)
    return None if found is None else _item(listed, found)


def page_key(listed: Listed, item: BaseModel) -> After:
    """Return the key by which a list goes on after this item."""
    return tuple(getattr(item, name) for name in listed.order)

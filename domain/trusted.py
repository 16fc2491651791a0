"""Reading what was checked when it was written: the same shapes and types, without asking our own functions again.

Law: a value is read as it was written, or not at all. The fields, types, lengths and patterns of a class hold for
stored data as for new; what only our functions check (that a span is in order, that a unit is known) was checked by the
version that wrote it, and a rule that is tightened later must not make saved history unreadable.
"""

from functools import cache
from typing import Any, TypeVar, cast

from pydantic_core import CoreSchema, SchemaValidator

from domain.values import Frozen

F = TypeVar("F", bound=Frozen)
KEPT = frozenset({"cls", "config", "default", "metadata", "serialization"})
"""Parts of a schema that hold no schema."""


def read(kind: type[F], data: dict[str, Any]) -> F:
    """Return a value from its stored JSON. Raise pydantic's `ValidationError` for what this class never was."""
    return cast(F, _reader(kind).validate_python(data))


@cache
def _reader(kind: type[Frozen]) -> SchemaValidator:
    # Not prebuilt: for the classes inside it would take their own validators, with our functions.
    return SchemaValidator(_without_functions(kind.__pydantic_core_schema__), _use_prebuilt=False)


def _without_functions(schema: CoreSchema) -> CoreSchema:
    return cast(CoreSchema, _stripped(schema))


def _stripped(node: Any) -> Any:
    if isinstance(node, list):
        return [_stripped(one) for one in node]
    if not isinstance(node, dict):
        return node
    if node.get("type") in ("function-before", "function-after"):
        named = {"ref": node["ref"]} if "ref" in node else {}
        return {**_stripped(node["schema"]), **named}
    return {name: part if name in KEPT else _stripped(part) for name, part in node.items()}

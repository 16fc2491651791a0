"""Reading what was stored: by the types of the classes, without the rules that values keep.

Law: a rule is kept when something is recorded. What is in the record was, by the rules of its day: a rule that is
tightened later must not make it unreadable, and reading pays for none of them.
"""

from typing import Any, cast

from pydantic_core import CoreSchema, SchemaValidator

RULES = {"function-before", "function-after", "function-wrap"}
LIMITS = {
    "str": {"pattern", "min_length", "max_length"},
    "int": {"ge", "gt", "le", "lt"},
    "float": {"ge", "gt", "le", "lt"},
    "tuple": {"min_length", "max_length"},
}
AS_IT_IS = {"cls", "config", "metadata", "default"}
"""Parts of a schema that hold no schema."""


def without_rules(schema: CoreSchema) -> CoreSchema:
    """Return a schema of pydantic's that reads the same types and checks nothing but them."""
    return cast(CoreSchema, _without(schema))


def reader_of(schema: CoreSchema) -> SchemaValidator:
    """Return a reader of a schema. Nested classes are read by it too, not by validators of their own."""
    return SchemaValidator(schema, _use_prebuilt=False)


def _without(node: Any) -> Any:
    if isinstance(node, list):
        return [_without(one) for one in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("type")
    if kind in RULES:
        return _without(node["schema"]) | ({"ref": node["ref"]} if "ref" in node else {})
    limits = LIMITS.get(kind, set()) if isinstance(kind, str) else set()
    return {key: part if key in AS_IT_IS else _without(part) for key, part in node.items() if key not in limits}

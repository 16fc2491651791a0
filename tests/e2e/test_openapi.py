"""The OpenAPI document: valid, complete, and with examples that the service really gives."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from service.api import documented
from service.api.app import bare_app
from service.api.reading import PLACED
from tests import answers

DOCUMENT: dict[str, Any] = bare_app().openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
READS = [(name, operation) for name, method, operation in OPERATIONS if method == "get" and "/stream" not in name]
WRITES = [(name, operation) for name, method, operation in OPERATIONS if method == "post"]


def test_the_document_is_valid() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    jsonschema_rs.validator_for(OPENAPI_31).validate(DOCUMENT)


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, list):
            return [one for item in value for one in references(item)]
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [one for item in value.values() for one in references(item)]
        return []

    for reference in references(DOCUMENT):
        place = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            place = place[part]


def test_every_parameter_is_described() -> None:
    bare = [
        (name, parameter["name"])
        for name, _, operation in OPERATIONS
        for parameter in operation["parameters"]
        if not parameter.get("description")
    ]
    assert bare == []


def test_every_operation_needs_a_key() -> None:
    assert [name for name, _, operation in OPERATIONS if operation.get("security") != [{"HTTPBearer": []}]] == []


def test_every_read_tells_its_headers_and_its_304() -> None:
    for name, operation in READS:
        told = operation["responses"]
        assert {"200", "304", "401", "403", "406", "422", "429", "503"} <= set(told), name
        assert {"ETag", "X-Position", "RateLimit"} <= set(told["200"]["headers"]), name
        assert told["200"]["content"], name


def test_every_write_tells_its_headers() -> None:
    for name, operation in WRITES:
        told = operation["responses"]
        assert {"401", "403", "422", "429"} <= set(told), name
        if not name.endswith(("/files", "/imports", "/disclosures")):
            (done,) = {"200", "201"} & set(told)
            assert {"ETag", "X-Position", "Location", "Idempotency-Replayed"} <= set(told[done]["headers"]), name
            assert {"If-Match", "Idempotency-Key"} <= {one["name"] for one in operation["parameters"]}, name


def test_the_document_names_the_forms_that_are_offered() -> None:
    content = DOCUMENT["paths"]["/api/v1/incidents/{incident}/claims"]["get"]["responses"]["200"]["content"]
    assert list(content) == [form.essence for form in PLACED]


def test_the_examples_are_what_the_service_answers() -> None:
    file = Path(documented.__file__).parent / "answers.json"
    assert file.read_bytes() == answers.page(), "run `make docs`"


@pytest.mark.parametrize(("name", "operation"), READS, ids=[name for name, _ in READS])
def test_every_example_fits_its_schema(name: str, operation: dict[str, Any]) -> None:
    for content in operation["responses"]["200"]["content"].values():
        if "example" in content:
            schema = {**content["schema"], "components": DOCUMENT["components"]}
            jsonschema_rs.validator_for(schema).validate(content["example"])

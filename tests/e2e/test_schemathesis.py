"""The OpenAPI document against the running service: what it promises is accepted, what it excludes is refused.

Law: a finding is mended in the service or in the document. What is let pass is named here, with its reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CheckContext
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks as c

from service.api.app import bare_app
from tests.e2e.desk import open_account, serving
from tests.e2e.stage import RECIPES, Stage


def http_date(seconds: int) -> str:
    """Return a time as HTTP writes it."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)


# Without these, the coverage phase makes header values of letters and digits alone, whatever their pattern says.
schemathesis.openapi.format("entity-tag", st.integers(1, 99).map('"{}"'.format))
schemathesis.serializer.alias("application/x-ndjson", "application/octet-stream")
schemathesis.openapi.format("http-date", st.integers(0, 2**32).map(http_date))

CONFIG = schemathesis.Config.from_dict(
    {
        "checks": {
            # 412: If-Match is well formed, and stale. 415: the coverage phase sends bodies as other media types.
            "positive_data_acceptance": {"expected-statuses": ["2xx", "302", "404", "409", "412", "415"]},
            # 302: to the moment that Accept-Datetime names, where the rest of the request is checked.
            "negative_data_rejection": {"expected-statuses": ["302", "4xx"]},
        },
        "cache": {"enabled": False},
        # The session's key is sent, not random ones: those are in test_rights.py.
        "generation": {"deterministic": True, "with-security-parameters": False},
    }
)
DOCUMENT = bare_app().openapi()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)
OPERATIONS = [
    (method.upper(), path)
    for path, methods in DOCUMENT["paths"].items()
    for method, one in methods.items()
    if one["operationId"] != "stream_changes"  # it does not end: test_live.py
]
UNLIMITED = {"reads_per_minute": "0", "writes_per_minute": "0", "failed_keys_per_minute": "0"}
"""As fast as it goes: the limits are in test_limits.py."""
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]

KNOWN_BY_STATE = {
    "BadCursor": "a cursor is opaque: which ones there are is not told by a schema",
    "FutureMoment": "where the record ends is not told by a schema",
    "IdempotencyMismatch": "the key was used a moment ago, for another request",
}
"""Refusals of well-formed requests that depend on what was asked before."""


def is_known_by_state(response: Response) -> bool:
    """Tell whether a problem is one that no schema can foretell: of the list above, or a rule between fields."""
    problem = response.json()
    if problem["type"].partition("#")[2] in KNOWN_BY_STATE:
        return True
    # A validator of ours, which JSON Schema has no words for: low before high, a unit that exists, a real date.
    details = [error["detail"] for error in problem["errors"]]
    return bool(details) and all(detail.startswith("Value error, ") for detail in details)


def valid_data_is_accepted(context: CheckContext, response: Response, case: schemathesis.Case) -> None:
    try:
        c.positive_data_acceptance(context, response, case)
    except Failure:
        if response.status_code != 422 or not is_known_by_state(response):
            raise


CHECKS = [
    c.status_code_conformance,
    c.content_type_conformance,
    c.response_schema_conformance,
    c.response_headers_conformance,
    c.negative_data_rejection,
    c.unsupported_method,
    c.missing_required_header,
    c.ignored_auth,
    valid_data_is_accepted,
]


@dataclass(frozen=True)
class Probe:
    """Somebody with every role: a client for the stage, a session for the cases."""

    url: str
    client: httpx2.Client
    session: requests.Session

    def check(self, case: schemathesis.Case, stage: Stage) -> None:
        """Send a case and check the answer. One with a valid path acts on what is there: else all would be 404."""
        assert case.meta is not None
        path = case.meta.components.get(ParameterLocation.PATH)
        if path is not None and path.mode.is_positive:
            for name in set(case.path_parameters) & set(RECIPES):
                case.path_parameters[name] = stage.id(name)
        case.call_and_validate(base_url=self.url, session=self.session, checks=CHECKS)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    data: Path = tmp_path_factory.mktemp("schemathesis")
    key = open_account(data, "tester-1", "reporter", "verifier", "editor", "admin", "custodian")
    with serving(data, **UNLIMITED) as server, server.client(key) as client, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        yield Probe(server.url, client, session)


@pytest.fixture
def stage(probe: Probe) -> Stage:
    """Give an incident of its own to each operation: what one closes is open for the next."""
    return Stage({"editor": probe.client})


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_each_constraint_of_the_document_is_kept(method: str, path: str, probe: Probe, stage: Stage) -> None:
    operation, generation = SCHEMA[path][method], SCHEMA.config.generation
    cases = SCHEMA.iter_coverage_cases(operation, generation_modes=MODES, generation_config=generation)
    for case in cases:
        probe.check(case, stage)


def takes_anything(method: str, path: str) -> bool:
    """Tell whether an operation can be asked in a wrong way: where it takes headers alone, any text is as good."""
    definition = SCHEMA[path][method].definition.raw
    return "requestBody" in definition or any(one["in"] != "header" for one in definition.get("parameters", ()))


ASKED = [
    pytest.param(method, path, mode, id=f"{method}-{path}-{mode.name.lower()}")
    for method, path in OPERATIONS
    for mode in MODES
    if mode is GenerationMode.POSITIVE or takes_anything(method, path)
]


@pytest.mark.parametrize(("method", "path", "mode"), ASKED)
def test_random_requests_are_answered_as_documented(
    method: str, path: str, mode: GenerationMode, probe: Probe, stage: Stage
) -> None:
    operation = SCHEMA[path][method]

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=3, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    def asked(case: schemathesis.Case) -> None:
        probe.check(case, stage)

    asked()

"""Problems: what is wrong with a field is said in words."""

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from domain.source_commands import RegisterSource
from service.api import problems


class Named(BaseModel):
    """A body with one text of one form."""

    source: RegisterSource


@pytest.fixture(scope="module")
def client() -> TestClient:
    """Serve one route that takes a source."""
    app = FastAPI()
    problems.register(app)

    @app.post("/")
    def taken(body: Named) -> None:
        """Take it."""

    return TestClient(app)


@pytest.mark.parametrize("name", ["   ", "\u0000", "A\u0007"])
def test_a_text_that_is_not_taken_is_told_in_words(client: TestClient, name: str) -> None:
    answer = client.post("/", json={"source": {"name": name, "kind": "outlet"}})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error == {"pointer": "/source/name", "detail": problems.NOT_TAKEN}


def test_another_fault_of_a_field_is_told_as_it_is(client: TestClient) -> None:
    answer = client.post("/", json={"source": {"name": "A source"}})
    assert answer.json()["errors"] == [{"pointer": "/source/kind", "detail": "Field required"}]

"""The lists of the views: for each line of the catalogue a list, an item and downloads, at any moment.

Law: a view that names a list in the catalogue gets its routes here and nowhere else.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Path, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from projections.catalogue import LISTS, VIEWS
from projections.lists import Listed, model_of, one, page_key, read
from service.access import NAMED, Caller
from service.api.callers import Reader
from service.api.lists import ROWS, Asked, answer, form_of
from service.api.media import Form, offering
from service.api.moments import Moment, reading
from service.api.naming import id_of
from service.api.paging import Key, Listing, Page, Paged
from service.api.problems import Fault
from service.api.reading import Name, Text, Views, Words, check_all, incident_of, suffix_of
from service.api.reads import ReadRoute
from service.named import is_short

Filters = dict[str, str | int | None]
Parameter = tuple[str, Any, Any]
REQUIRED = inspect.Parameter.empty
OWN_ITEM = ("figure",)
"""What is read one by one elsewhere, with more than its row."""


def mount(app: FastAPI) -> None:
    """Add the routes of each list."""
    router = APIRouter(prefix="/api/v1", route_class=ReadRoute)
    for listed in LISTS:
        base, model = base_of(listed), model_of(listed)
        page_model = Listing[model]  # type: ignore[valid-type]  # made from the view's columns
        named = {"tags": [listed.noun]}
        router.add_api_route(
            base,
            _list_endpoint(listed),
            operation_id=f"list_{listed.path}",
            summary=f"List {listed.summary}",
            response_model=page_model,
            **named,  # type: ignore[arg-type]
        )
        router.add_api_route(
            f"{base}.{{suffix}}",
            _download_endpoint(listed),
            operation_id=f"download_{listed.path}",
            summary=f"Download {listed.summary}",
            response_model=page_model,
            **named,  # type: ignore[arg-type]
        )
        if listed.noun not in OWN_ITEM:
            router.add_api_route(
                f"{base}/{{{listed.key}}}",
                _item_endpoint(listed),
                operation_id=f"get_{listed.noun}",
                summary=f"Read one of the {listed.summary}",
                response_model=model,
                **named,  # type: ignore[arg-type]
            )
    app.include_router(router)


def base_of(listed: Listed) -> str:
    """Return the path of a list."""
    return f"/incidents/{{incident}}/{listed.path}" if listed.scope == "incident" else f"/{listed.path}"


def views_read(listed: Listed) -> tuple[str, ...]:
    """Return the names of the views that a list is read from."""
    own = next(view.name for view in VIEWS if listed.table in view.tables)
    return ("incidents", own) if listed.scope == "incident" else (own,)


def _parameters(listed: Listed, *more: Parameter) -> inspect.Signature:
    """Return the signature by which the framework reads and documents the parameters of a list."""
    at = Annotated[Moment, Depends(reading(*views_read(listed)))]
    each = {"request": Request, "response": Response, "caller": Reader, "at": at, "connection": Views}
    if listed.scope == "incident":
        each["incident"] = Name
    named: list[Parameter] = [*((name, kind, REQUIRED) for name, kind in each.items()), *more]
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=kind,
                default=default,
            )
            for name, kind, default in named
        ]
    )


def _filtering(listed: Listed) -> list[Parameter]:
    filters: list[Parameter] = [(name, Text, None) for name in listed.filters]
    return [*filters, ("q", Words, None)] if listed.text else filters


def _equals(listed: Listed, given: dict[str, Any]) -> Filters:
    """Return the filters of a request, and check that the caller may read what they cover."""
    equals: Filters = {name: given.get(name) for name in listed.filters}
    equals |= {name: _subject(given, str(text)) for name, text in equals.items() if name == "subject" and text}
    caller: Caller = given["caller"]
    if listed.scope == "incident":
        equals["incident"] = incident_of(caller, given["connection"], given["at"], given["incident"]).incident
    elif caller.sees(listed.path) == "nothing":
        check_all(caller)
    if _names_only(listed, caller) and not {name for name, value in equals.items() if value is not None} <= NAMED:
        raise Fault(403, "NotAllowed", f"your roles cover single incidents: filter by {', '.join(sorted(NAMED))}")
    return equals


def _subject(given: dict[str, Any], text: str) -> str:
    """Return what a list is filtered by: the id that a short id stands for, anything else as it is."""
    return str(id_of(given["connection"], given["at"], text)) if is_short(text) else text


def _names_only(listed: Listed, caller: Caller) -> bool:
    return listed.scope == "all" and caller.sees(listed.path) == "names"


def _seen(listed: Listed, caller: Caller) -> Callable[[BaseModel], BaseModel]:
    """Return what a caller sees of an item: all of it, or its name."""
    if not _names_only(listed, caller):
        return lambda item: item
    return lambda item: item.model_copy(
        update={name: _emptied(value) for name, value in item if name not in NAMED},
    )


def _emptied(value: object) -> object:
    return type(value)() if isinstance(value, dict | list) else None


def asked(listed: Listed, given: dict[str, Any]) -> Asked[BaseModel]:
    """Return the list as a request asks for it."""
    equals, at, q = _equals(listed, given), given["at"], given.get("q")
    seen, names_only = _seen(listed, given["caller"]), _names_only(listed, given["caller"])

    def part(connection: Connection, limit: int, after: Key | None) -> list[BaseModel]:
        return [seen(x) for x in read(connection, listed, at.position, equals, q=q, limit=limit, after=after)]

    return Asked(listed.path, model_of(listed), part, lambda item: page_key(listed, item), names_only)


def _answer(listed: Listed, form: Form, given: dict[str, Any]) -> Any:
    page: Page = given["page"]
    page.fitting(*(int if listed.table.c[name].type.python_type is int else str for name in listed.order))
    wanted, caller, at = asked(listed, given), given["caller"], given["at"]
    seen = at.seen_by(caller) if _names_only(listed, caller) else at
    return answer(wanted, form, given["request"], given["response"], given["connection"], at=seen, page=page)


def _list_endpoint(listed: Listed) -> Callable[..., Any]:
    @offering(*ROWS)
    def endpoint(**given: Any) -> Any:
        return _answer(listed, given["request"].state.form, given)

    endpoint.__signature__ = _parameters(listed, ("page", Paged, REQUIRED), *_filtering(listed))  # type: ignore[attr-defined]
    return endpoint


def _download_endpoint(listed: Listed) -> Callable[..., Any]:
    @offering(*ROWS, by_suffix=True)
    def endpoint(**given: Any) -> Any:
        return _answer(listed, form_of(given["suffix"], *ROWS), given)

    more = [("page", Paged, REQUIRED), ("suffix", suffix_of(*ROWS), REQUIRED), *_filtering(listed)]
    endpoint.__signature__ = _parameters(listed, *more)  # type: ignore[attr-defined]
    return endpoint


def _item_endpoint(listed: Listed) -> Callable[..., Any]:
    def endpoint(**given: Any) -> BaseModel:
        at, caller = given["at"], given["caller"]
        equals = _equals(listed, given)
        key = _subject(given, given[listed.key])
        found = one(given["connection"], listed, at.position, key)
        if found is None or (equals.get("incident") not in (None, getattr(found, "incident", None))):
            raise at.unknown(f"{listed.noun} {key}")
        (at.seen_by(caller) if _names_only(listed, caller) else at).describe(given["request"], given["response"])
        return _seen(listed, caller)(found)

    text = Annotated[str, Path(max_length=200, description=f"Id of the {listed.noun.replace('_', ' ')}")]
    endpoint.__signature__ = _parameters(listed, (listed.key, text, REQUIRED))  # type: ignore[attr-defined]
    return endpoint

"""Requests with one key at once: one act, and one answer for all of them."""

from concurrent.futures import ThreadPoolExecutor

import httpx2

from tests.e2e.desk import Desk


def test_requests_with_the_same_key_at_once_get_the_one_answer(editor: Desk) -> None:
    editor.claim()
    before = editor.position
    body = {"report": editor.ids["report"], "wording": {"text": "sent eight times at once"}}

    def post(_: int) -> httpx2.Response:
        return editor.client.post(f"{editor.incident}/claims", json=body, headers={"Idempotency-Key": "all-at-once"})

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(post, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-replayed", "") for answer in answers) == [""] + ["true"] * 7
    editor.position = answers[0].json()["position"]
    assert len(editor.get("/changes", first=before + 1, subject=answers[0].json()["ids"]["claim"])["items"]) == 1

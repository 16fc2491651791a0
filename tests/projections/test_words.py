"""Finding by words: in lists by any part of a text, in the search by whole words. Given these acts, this is found."""

from domain import incident_commands as c
from domain import values as v
from projections.lists import read
from projections.views import bulletins, claims, incidents
from projections.views.search import search
from tests.projections.histories import BASE, BULLETINS, CLAIMS, INCIDENT, REPORTS, recorded_from
from tests.projections.test_histories import shown


def make(words: str, reference: str | None = None) -> c.MakeClaim:
    """Return the act of making a claim in these words."""
    wording = v.Wording(text=words)
    return c.MakeClaim(**BASE, claim=CLAIMS[0], report=REPORTS[0], wording=wording, reference=reference)


def test_a_list_is_filtered_whatever_the_case_in_any_script() -> None:
    publish = c.PublishBulletin(**BASE, bulletin=BULLETINS[0], title="Курск: 100%", text="t")
    describe = c.DescribeIncident(**BASE, changes=v.IncidentChanges(title="Вторжение в Курск"))
    history = recorded_from([make("Курск взят"), publish, describe])
    at = len(history)
    with shown(history) as views, views.connect() as connection:
        for q in ("курск", "КУРСК", "урс"):
            assert len(claims.list_claims(connection, at, q=q)) == 1
            assert len(read(connection, bulletins.LIST, at, {"incident": str(INCIDENT)}, q=q)) == 1
            assert len(incidents.list_incidents(connection, at, q=q)) == 1
        assert claims.list_claims(connection, at, q="брянск") == []
        assert claims.list_claims(connection, at, q="%") == []
        assert len(read(connection, bulletins.LIST, at, {}, q="0%")) == 1


def test_a_claim_is_found_by_its_reference_after_its_wording_was_corrected() -> None:
    reworded = v.ClaimChanges(wording=v.Wording(text="other"))
    correct = c.CorrectClaim(**BASE, claim=CLAIMS[0], by="source", changes=reworded)
    history = recorded_from([make("words", "c-ua-1"), correct])
    with shown(history) as views, views.connect() as connection:
        found = {q: [hit.id for hit in search(connection, len(history), q)] for q in ("c-ua-1", "other", "words")}
    assert found == {"c-ua-1": [str(CLAIMS[0])], "other": [str(CLAIMS[0])], "words": []}

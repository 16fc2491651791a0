"""Every view and every list there is: one line each."""

from projections.lists import Listed
from projections.view import View
from projections.views import (
    accounts,
    bulletins,
    change_log,
    claims,
    evidence,
    figures,
    incidents,
    notes,
    reports,
    review,
    search,
    sources,
    subjects,
    timeline,
)

VIEWS: tuple[View, ...] = (
    incidents.VIEW,
    claims.VIEW,
    figures.VIEW,
    timeline.VIEW,
    reports.VIEW,
    evidence.VIEW,
    sources.VIEW,
    bulletins.VIEW,
    review.VIEW,
    search.VIEW,
    notes.VIEW,
    accounts.VIEW,
    subjects.VIEW,
    change_log.VIEW,
)

LISTS: tuple[Listed, ...] = (
    reports.LIST,
    evidence.LIST,
    figures.LIST,
    timeline.LIST,
    bulletins.LIST,
    review.LIST,
    notes.NOTES,
    notes.TASKS,
    sources.LIST,
    accounts.LIST,
    subjects.LIST,
)

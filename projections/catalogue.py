"""Every view there is: one line each."""

from projections.temporal import View
from projections.views import change_log, claims, incidents

VIEWS: tuple[View, ...] = (
    incidents.VIEW,
    claims.VIEW,
    change_log.VIEW,
)

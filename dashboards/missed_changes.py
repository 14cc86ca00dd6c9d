"""The section about what no webhook has brought, and the backfill that fetches it."""

from dashboards.panels import Query, Section, Subject, lines
from dashboards.queries import Metrics

METRICS = Metrics()


def missed() -> Section:
    """Build it."""
    missed = METRICS.series("backfill_changes_total", 'found="missed", ')
    known = METRICS.series("backfill_changes_total", 'found=~"arrived|missed", ')
    state = METRICS.series("backfill_state", 'state!="following", ')
    return Section(
        "Missed by webhooks, fetched by the backfill",
        lines(
            Subject("Changes by how they came", "short", "In the last hour; missed: no webhook came.", "ChangesMissed"),
            Query(METRICS.hourly("backfill_changes_total", "found"), "{{found}}"),
        ),
        lines(
            Subject("Share missed", "percentunit", "Of SalesLoft's changes in an hour, by resource.", "ChangesMissed"),
            Query(
                f"sum by (resource) (increase({missed}[1h])) / sum by (resource) (increase({known}[1h]))",
                "{{resource}}",
            ),
        ),
        lines(
            Subject("How late", "s", "From the change until the store had it; 95 % are faster."),
            Query(METRICS.quantile(0.95, "backfill_change_delay_seconds", "found"), "{{found}}"),
        ),
        lines(
            Subject("Not read yet", "s", "How far the lists are behind; two to three minutes.", "BackfillBehind"),
            Query(f"time() - {METRICS.most('backfill_read_until_timestamp_seconds', 'resource')}", "{{resource}}"),
        ),
        lines(
            Subject("Not following", "bool_yes_no", "Resources that wait or are stopped, and why.", "BackfillStopped"),
            Query(f"max by (resource, state) ({state}) > 0", "{{resource}} {{state}}"),
        ),
        lines(
            Subject(
                "Leaders, and ties cut",
                "short",
                "One process reads; a tie that is cut may hide rows.",
                "BackfillAbsent",
            ),
            Query(f"sum({METRICS.series('backfill_leader')})", "leaders"),
            Query(METRICS.hourly("backfill_ties_cut_total", "resource"), "cut {{resource}}"),
        ),
    )

"""The sections about declared subscriptions, and the operator that keeps them true."""

from dashboards.panels import Query, Section, Subject, lines
from dashboards.queries import Metrics

METRICS = Metrics()


def declared() -> Section:
    """Build the one about what is declared."""
    return Section(
        "Declared subscriptions",
        lines(
            Subject(
                "Subscriptions",
                "short",
                "Active is as much as desired; disabled and foreign are 0.",
                "SubscriptionsIncomplete",
            ),
            Query(METRICS.most("operator_subscriptions", "object, state"), "{{object}} {{state}}"),
        ),
        lines(
            Subject(
                "Since the last comparison", "s", "With SalesLoft's list: a minute or two.", "SubscriptionsSyncOld"
            ),
            Query(f"time() - {METRICS.most('operator_last_sync_timestamp_seconds', 'object')}", "{{object}}"),
        ),
        lines(
            Subject(
                "Change of keys",
                "bool_yes_no",
                "The phase that each object is in; Idle: none is under way.",
                "RotationStuck",
            ),
            Query(METRICS.most("operator_rotation_phase", "object, phase"), "{{object}} {{phase}}"),
        ),
    )


def operator() -> Section:
    """Build the one about the operator's work."""
    left = METRICS.series("api_budget_remaining")
    return Section(
        "Operator, and SalesLoft's API",
        lines(
            Subject("Changes at SalesLoft", "short", "In the last hour; enabled: somebody had switched it off."),
            Query(METRICS.hourly("operator_subscription_changes_total", "change"), "{{change}}"),
        ),
        lines(
            Subject("Looks by result", "ops", "Settled, but for minutes after a change; blocked: somebody has to act."),
            Query(f"sum by (kind, result) ({METRICS.rate('operator_reconciles_total')})", "{{kind}} {{result}}"),
        ),
        lines(
            Subject("Time of a look", "s", "95 % are faster; with changes it takes a fifth of a second for each."),
            Query(METRICS.quantile(0.95, "operator_reconcile_seconds", "kind"), "{{kind}}"),
        ),
        lines(
            Subject("SalesLoft's rate limit", "short", "Units left in this minute, of 600 that the whole team shares."),
            Query(f"min({left})", "left"),
        ),
        lines(
            Subject("Requests to SalesLoft", "reqps", "By status, or what came instead of one; all that ask it."),
            Query(f"sum by (code) ({METRICS.rate('api_requests_total')})", "{{code}}"),
        ),
        lines(
            Subject(
                "Leaders, and the API server", "short", "One leads. Statuses written and watches anew, by the hour."
            ),
            Query(f"sum({METRICS.series('operator_leader')})", "leaders"),
            Query(METRICS.hourly("operator_status_writes_total", "kind"), "written {{kind}}"),
            Query(METRICS.hourly("operator_watch_restarts_total", "why"), "watches {{why}}"),
        ),
    )

"""Panels with one look: a title, a unit, a sentence that explains it, queries, and the runbook if there is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model

from dashboards.queries import PREFIX, Metrics

DATASOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "salesloft-webhooks"
METRIC_WITH = {"group": "group_backlog_entries", "source": "deliveries_total"}
"""A metric that has a label's values, to choose from."""
RELEASE = {
    "cluster": "",
    "namespace": 'cluster=~"$cluster"',
    "release": 'cluster=~"$cluster",namespace=~"$namespace"',
}
"""The labels by which a release is chosen, and which values of each there are to choose from."""
HEIGHT = 8
WIDTH = 8
"""Of 24 columns: three panels to a row."""


@dataclass(frozen=True)
class Query:
    """One PromQL query and how its lines are named."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Subject:
    """What a panel shows.

    Attributes:
        title: Short.
        unit: A Grafana unit id.
        description: What it says, and what is normal.
        runbook: Name of the alert whose runbook helps, without the common prefix.
    """

    title: str
    unit: str
    description: str
    runbook: str = ""

    @property
    def links(self) -> list[dashboard.DashboardLink]:
        """The link to the runbook."""
        if not self.runbook:
            return []
        name = f"SalesloftWebhooks{self.runbook}"
        link = dashboard.DashboardLink(f"Runbook: {name}")
        return [link.url(f"docs/runbooks/{name}.md").type(model.DashboardLinkType.LINK).target_blank(target_blank=True)]


def lines(subject: Subject, *queries: Query, width: int = WIDTH) -> timeseries.Panel:
    """A panel of lines over time."""
    panel = (
        timeseries.Panel()
        .title(subject.title)
        .description(subject.description)
        .unit(subject.unit)
        .datasource(DATASOURCE)
        .height(HEIGHT)
        .span(width)
        .min(0)
        .fill_opacity(8)
        .legend(
            common.VizLegendOptions()
            .display_mode(common_model.LegendDisplayMode.LIST)
            .placement(common_model.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        .links(list(subject.links))
    )
    for letter, query in zip(ascii_uppercase, queries, strict=False):
        target = prometheus.Dataquery().ref_id(letter).expr(query.expression).legend_format(query.legend)
        panel = panel.with_target(target.range())
    return panel


def figure(subject: Subject, query: Query, *, bad_from: float | None = None) -> stat.Panel:
    """A single figure that turns red at a bound."""
    steps = [model.Threshold(value=None, color="green")]
    if bad_from is not None:
        steps.append(model.Threshold(value=bad_from, color="red"))
    return (
        stat.Panel()
        .title(subject.title)
        .description(subject.description)
        .unit(subject.unit)
        .datasource(DATASOURCE)
        .height(4)
        .span(4)
        .thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(steps))
        .links(list(subject.links))
        .with_target(prometheus.Dataquery().ref_id("A").expr(query.expression).legend_format(query.legend).instant())
    )


class Section:
    """A titled row of panels."""

    def __init__(self, title: str, *panels: timeseries.Panel | stat.Panel) -> None:
        self.title = title
        self.panels = panels


def board(
    title: str, uid: str, description: str, *, sections: Sequence[Section], variables: Sequence[str] = ()
) -> dashboard.Dashboard:
    """A dashboard of one release, with further variables, each a label to choose values of."""
    made = dashboard.Dashboard(title).uid(uid).description(description).tags([TAG]).readonly()
    made = made.time("now-6h", "now").refresh("30s").timezone("browser").tooltip(model.DashboardCursorSync.CROSSHAIR)
    made = made.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    for label, chosen in RELEASE.items():
        made = made.with_variable(_choice(label, f"{PREFIX}_store_available{{{chosen}}}"))
    for variable in variables:
        every = _choice(variable, Metrics().series(METRIC_WITH[variable]))
        made = made.with_variable(every.multi(multi=True).include_all(include_all=True).all_value(".*"))
    links = dashboard.DashboardLink("Salesloft webhooks").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    made = made.link(links.keep_time(keep_time=True).include_vars(include_vars=True))
    for section in sections:
        made = made.with_row(dashboard.Row(section.title))
        for panel in section.panels:
            made = made.with_panel(panel)
    return made


def _choice(label: str, series: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(label)
        .label(label.capitalize())
        .query(f"label_values({series}, {label})")
        .datasource(DATASOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
    )

"""The Grafana dashboards as source. ``python -m dashboards`` (part of ``make docs``) writes the JSON the chart has.

Each dashboard reads in pipeline order. Every panel has a unit and a description; where an alert watches the same
thing, it links to the alert's runbook.
"""

"""The chart's pods on real nodes: a kind cluster, started by `.ci/cluster/run`."""

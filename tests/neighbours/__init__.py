"""The chart beside what a cluster has besides: `make test-neighbours`."""

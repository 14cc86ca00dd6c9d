"""The operator, without Kubernetes."""

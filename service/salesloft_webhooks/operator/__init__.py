"""Operator: keeps what is declared in Kubernetes true at SalesLoft.

Several processes may run; the one that holds the lease works (`lease`). It asks Kubernetes for everything, again and
again, and brings each object nearer to what it declares (`control_loop`). What is done for a kind of objects stands in
its controller. Only `cluster` and the modules that begin with its name know the client of Kubernetes' API.
"""

from salesloft_webhooks.operator.running import run

__all__ = ["run"]

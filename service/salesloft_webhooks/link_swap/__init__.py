"""`link_swap`: SalesLoft asks where the links of a mail shall lead, and waits for the answer before it sends it.

So nothing here touches the stream or the store. Whoever computes the new links (an endpoint of the user's, or a
function) has a budget of time; whatever it does or leaves undone, SalesLoft is answered within it. The default answer
is every link for itself: the only thing worse than a link nobody follows up is a mail that is not sent.
"""

from salesloft_webhooks.link_swap.request import LinkSwap

__all__ = ["LinkSwap"]

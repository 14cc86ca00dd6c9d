"""Parts of `subscriptions` that need nobody."""

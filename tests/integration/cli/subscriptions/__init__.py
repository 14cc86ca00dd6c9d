"""`subscriptions`, against a simulated SalesLoft over HTTP, with a real receiver and a real store."""

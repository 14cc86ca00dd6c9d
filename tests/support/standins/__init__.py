"""Local servers that stand in for the systems handlers talk to, and behave as those systems' documentation says."""

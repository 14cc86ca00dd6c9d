"""One machine: what `up` knows before it starts anything."""

"""Another version of the agent: ordered, fetched, tried, and left again if it does not work."""

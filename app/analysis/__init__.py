"""Essential assets, feared events, the ranking, frozen versions of the analysis."""

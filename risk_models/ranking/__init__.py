"""The ranking of weak points: an attack graph, sampled worlds, and what they say of a System (docs/ranking.md)."""

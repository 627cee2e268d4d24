"""Closed lists of products."""

# Pages that stand beside those of products and incubators: none takes their address.
RESERVED_SLUGS = frozenset({"nouveau", "comparaison", "dashlord"})

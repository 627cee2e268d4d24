"""Settings that a production takes."""

KEY = "f3b1c5a79d2e48660b7fd1c39ae5824d6cb0f1e297d83a546e1c0b9fa72d8e35"

"""Components and the links between them."""

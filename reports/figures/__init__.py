"""SVG figures, the same on a page and in the PDF: presentation attributes only, no style, no script."""

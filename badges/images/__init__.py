"""Pictures of badges: a design as data, drawn as SVG and as PNG from the same shapes."""

"""Pages that cross apps. No models."""

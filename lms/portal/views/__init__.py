"""The pages that cross apps."""

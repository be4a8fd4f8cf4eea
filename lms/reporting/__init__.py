"""Projections of statements: replayable, never the truth."""

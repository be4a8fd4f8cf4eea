"""The learning record store."""

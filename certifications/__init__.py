"""Certifications, credentials frozen at issue, and their PDF."""

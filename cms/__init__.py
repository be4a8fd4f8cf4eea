"""Wagtail pages and blocks: presents content, holds no rule and no learner row."""

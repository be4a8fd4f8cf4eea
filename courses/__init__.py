"""Courses as published outline versions, enrolments and completions."""

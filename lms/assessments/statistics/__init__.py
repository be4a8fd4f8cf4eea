"""What answers say about items, exams and candidates. Pure: knows no database and no request.

Formulas, their sources, and the number of answers below which each says nothing: docs/statistics.md.
"""

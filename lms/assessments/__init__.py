"""One engine for knowledge checks and exams."""

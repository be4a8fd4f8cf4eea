"""What the world sees of badges: documents for programs, pages for people."""

"""Pages about partners' people, who talks to whom, and alignment."""

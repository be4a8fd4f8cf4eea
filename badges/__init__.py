"""Open Badges for what certifications issue."""

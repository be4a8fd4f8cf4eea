"""Co-branding: a master, a template and a brand in, a copy out. Pure: no models, no requests."""

"""What every app may use: abstract models, guards, HTML cleaning, template tags. No models of its own."""

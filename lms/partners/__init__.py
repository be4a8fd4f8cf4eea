"""Partner organisations and who belongs to them."""

"""Partner tiers: rules as data, decisions explained."""

"""What may be typed: shape only, no rules, no queries. One file per audience."""

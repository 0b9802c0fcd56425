"""Documents to canonical bytes to signatures. No network, no clock."""

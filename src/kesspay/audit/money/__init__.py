"""The checks of the money: SQL over the values that were signed."""

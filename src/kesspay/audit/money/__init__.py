"""Does the money fit: checks in SQL, over what was signed."""

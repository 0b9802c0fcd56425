"""The kernel in other engines: each adapter hands columns over, and judges nothing."""

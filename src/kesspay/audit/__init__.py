"""Look at recorded messages. ``explain`` says why a body does not verify."""

"""What the tests share: stored vectors, hostile documents, and real PHP."""

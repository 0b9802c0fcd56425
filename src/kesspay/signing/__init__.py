"""The canonical form of documents, keys, and signatures: no network, no clock."""

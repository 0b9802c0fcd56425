"""HTTP/1.1 over sockets, for threads and for asyncio; it knows nothing of KESS."""

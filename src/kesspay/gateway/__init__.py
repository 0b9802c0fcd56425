"""
The minimal client of the gateway: what is sent, and what an answer means.

From the ground up: ``services`` (services and error codes), ``messages`` (requests
and results), ``answers`` (what an answer means for the money), ``protocol``
(requests to bytes, bytes to results), ``flow`` (one call, with its repeats),
``tokens`` and ``token_cache`` (the bearer token), ``base``, ``client`` and
``async_client`` (what users call).
"""

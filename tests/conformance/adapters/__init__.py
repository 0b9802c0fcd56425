"""kesspay and libkess behind the protocol of the conformance kit."""

"""The wire protocol of the gateway: messages, protocol, tokens, transport, client."""

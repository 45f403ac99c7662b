"""Programs that may read the roster: OAuth 2 client credentials (RFC 6749, section 4.4), revocation (RFC 7009)."""

"""Records for tests, with everything that a test does not care about filled in."""

"""Taking in a bundle of OneRoster: the whole of it is checked, then written in one transaction, or nothing is."""

"""What the roster service answers over REST, in the shapes of OneRoster 1.1 and 1.2. It only reads."""

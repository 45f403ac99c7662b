"""The roster as OneRoster has it: bundles in and out, and what the REST service answers."""

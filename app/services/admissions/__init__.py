"""Admissions: everything that people do with them."""

"""Papers: door lists, seating plans and attendance registers as PDF, made of plain values (facts.py)."""

"""Scores and the evaluation as pages that a person reads, and tables on the terminal."""

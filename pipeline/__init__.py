"""Stance classification of statements in transcripts of United Nations debates."""

__version__ = "0.1.0"

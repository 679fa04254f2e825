"""Batch scoring of transcripts with an exported model (`run.py`), and the same model as a library (`Scorer`)."""

from pipeline.scoring.columns import score_schema
from pipeline.scoring.scorer import Scored, Scorer

__all__ = ["Scored", "Scorer", "score_schema"]

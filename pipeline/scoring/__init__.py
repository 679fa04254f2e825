"""Batch scoring of transcripts with an exported model, and the same model as a library (`Scorer`)."""

from pipeline.domain import Progress
from pipeline.scoring.columns import score_schema
from pipeline.scoring.run import score
from pipeline.scoring.scorer import Scored, Scorer

__all__ = ["Progress", "Scored", "Scorer", "score", "score_schema"]

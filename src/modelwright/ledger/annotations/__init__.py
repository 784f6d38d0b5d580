"""What is to be annotated, who is given what next, and what they answered: an append-only history."""

from modelwright.ledger.annotations.store import AnnotationStore

__all__ = ["AnnotationStore"]

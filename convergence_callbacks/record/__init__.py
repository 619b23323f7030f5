"""Decision records: every observation and decision of a training in a file, so that anyone can recompute them."""

from convergence_callbacks.record.read import Record, read_record
from convergence_callbacks.record.verify import Verification, verify
from convergence_callbacks.record.write import DecisionRecord

__all__ = ["DecisionRecord", "Record", "Verification", "read_record", "verify"]

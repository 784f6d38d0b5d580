"""What was done, in which order, and with what result: an append-only record and its blobs."""

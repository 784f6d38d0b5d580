"""From raw columns to arrays a model reads: fitted on a fold's training rows, twin of the exported graph."""

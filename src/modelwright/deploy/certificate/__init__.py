"""The certificate of what was shipped: the proof, as data and as a page, with the times measured here."""

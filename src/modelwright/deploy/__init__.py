"""Deploy the model (book section 6.3): explain it to stakeholders, ship it."""

"""What goes with a model and with its data when they travel: a model card, and a data card."""

"""The model on a device: files for LiteRT, what prepares a row for them without any library, and proof."""

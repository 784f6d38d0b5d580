"""One finding a file: what is seen in the data that a person should know before learning from it."""

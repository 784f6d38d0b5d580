"""Define the task (book section 6.1): frame it, collect the data, understand it, choose a measure."""

"""The local page: a project seen, run and explained in a browser. It renders records and decides nothing."""

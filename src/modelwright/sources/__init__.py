"""Files and frames in, tables out: nothing lost, changed or guessed without being said."""

"""The model in a browser: a static folder that answers on the visitor's machine, and its proof."""

"""The report's parts: pictures as SVG, numbers for people, counts per day, examples, and the page itself."""

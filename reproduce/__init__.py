"""Reproduce the table and figures of the book's chapter: `make reproduce` writes docs/results.md.

- `runs`: trains both apps with their commands, in stages, and keeps the run of each stage.
- `measure`: reads numbers and texts from the runs' files.
- `pictures`: draws the figures.
- `document`: writes the page from `results.template.md`.
"""

"""The chapter's table and figures, computed anew: `make reproduce` writes docs/results.md.

- `runs`: trains both apps by their commands, in stages, and keeps the run of each stage.
- `measure`: what the runs' files say, as numbers and texts.
- `pictures`: the figures.
- `document`: the page, from `results.template.md`.
"""

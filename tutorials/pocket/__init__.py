"""The pocket world: one small valley of text, written by seeded generators, and the models trained on it.

Each subject is a folder: the rows of its data, its words, the text and the recipe of its models, their checks. What it
makes is declared as `SUBJECT` in its `__init__`, and `build.py` lists the folders. What subjects share is in `making/`.
"""

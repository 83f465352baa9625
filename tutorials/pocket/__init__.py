"""The pocket world: one small valley of text, written by seeded generators, and the models trained on it."""

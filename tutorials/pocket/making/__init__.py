"""What the subjects of the pocket world are made with: people and words, tokenizers, a training loop, checks."""

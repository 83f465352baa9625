"""Questions on prompts with answers that a program can check; fresh numbers each time."""

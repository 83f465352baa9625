"""Questions on few-shot prompting with answers that a program can check; fresh numbers each time."""

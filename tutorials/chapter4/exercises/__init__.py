"""Questions on tuning in a small memory with answers that a program can check; fresh numbers each time."""

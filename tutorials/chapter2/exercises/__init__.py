"""Questions on chapter 2 with answers that a program can check; fresh numbers each time."""

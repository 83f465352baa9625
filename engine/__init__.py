"""How a lesson is run: no screen, usable headless."""

"""What is shown, as plain data: a fold of run, lesson and records. Nothing here imports Textual."""

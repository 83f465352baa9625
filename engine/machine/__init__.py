"""What this box can hold."""

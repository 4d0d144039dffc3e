"""What makes files of the exercises."""

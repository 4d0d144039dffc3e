"""What a program in spark-apps/ imports."""

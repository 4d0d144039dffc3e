"""The lessons: the catalogue, and the answer that each must find."""

"""The catalogue of lessons, and the answer that each must find."""

"""A class on one server: each learner has a checkout, ports, state and memory of their own."""

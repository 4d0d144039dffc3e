"""Changes one place of the connector at a time and sees whether a unit test fails: make mutants."""

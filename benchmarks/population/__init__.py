"""A made-up population of any size, for what is measured."""

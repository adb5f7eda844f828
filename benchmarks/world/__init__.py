"""The made-up world behind the sample: facts, people, and what each source system sees of them."""

"""The embedded synthetic shop: a seeded generator of products, queries and grades that are true by construction."""

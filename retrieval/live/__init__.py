"""What has changed since the index was built: write-ahead log, delta, retired rows, generations.

Start with `shop.py`. It knows products, vectors and words; not the student, not the server.
"""

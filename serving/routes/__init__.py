"""The routes, one file a subject: each gives a router over a `Service`."""

"""Requests and answers of the routes."""

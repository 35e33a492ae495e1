"""What has to run, and what is up to date? Config, stages, manifest, machine checks.

Knows every layer below; holds no mathematics.
"""

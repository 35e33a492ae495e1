"""The hook: the student inside the Elasticsearch or OpenSearch that a shop already runs.

Each way of doing it is one file of pure functions that say what to make in the cluster (`custom.py`, `hugging_face.py`,
`opensearch.py`, `inside.py`); `install.py` makes it and takes it away again, `doctor.py` says which ways a cluster has.
"""

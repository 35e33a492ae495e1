"""The search proxy: a cluster's own `_search`, its hits reranked on the way back.

Pure functions read the search (`asked.py`, `query_text.py`), say what is asked of the cluster instead (`plan.py`) and
make the answer in the cluster's own shape (`answer.py`); `cluster.py` talks to the cluster, `proxy.py` has the order of
events, `serving/routes/proxy.py` knows HTTP.
"""

"""Ships log lines into Elasticsearch: each line once, whatever dies meanwhile."""

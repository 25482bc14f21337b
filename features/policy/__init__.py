"""Policy as dated data: what the marketplaces' rules say, each value with its source and how sure it is."""

collect_ignore_glob = ["*_ranks.py", "table.py"]  # programs

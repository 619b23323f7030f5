collect_ignore_glob = ["*_cases.py", "rank.py"]  # run in processes of their own

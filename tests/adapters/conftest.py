collect_ignore_glob = ["in_*.py", "torch_data.py"]  # each imports its framework; the contract asks for it first

collect_ignore_glob = ["*_in_place.py"]  # plugins, and no tests

collect_ignore = ["lightning_kills.py"]  # a program

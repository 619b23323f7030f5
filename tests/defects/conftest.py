collect_ignore = ["keras_defects.py", "lightning_defects.py", "table.py"]  # need frameworks, and hold no tests

# Programs, and what needs frameworks.
collect_ignore = ["lightning_kills.py", "keras_kills.py", "forms.py", "values.py"]

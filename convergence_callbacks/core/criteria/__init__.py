"""Criteria, one a file. A file in this folder is known to YAML and to the contract tests by being here."""

"""Measures what the rules, verdicts, advice and forecasts of the package are worth."""

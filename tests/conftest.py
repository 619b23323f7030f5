import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # what is installed anyway for Lightning; `make test` runs all three
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

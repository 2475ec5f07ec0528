"""GGUF files, as llama.cpp and Ollama have them: header, configuration, names, weights.

Importing the package loads no torch; `file` and `tensors` do.
"""

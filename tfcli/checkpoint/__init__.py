"""Model directories in Hugging Face form: find, read, verify and write them."""

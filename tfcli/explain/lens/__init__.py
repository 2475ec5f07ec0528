"""The lens: what each layer would answer, read directly or through fitted translators."""

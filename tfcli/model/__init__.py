"""The shared Transformer core: one set of modules trains, generates and is explained.

Nothing here knows a family by name, a file format, a tokenizer or a screen. Importing the
package loads no torch; its modules do.
"""

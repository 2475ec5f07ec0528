"""The options of `tfcli explain`: a module for each panel of the help screen."""

"""The full-screen view of `tfcli explore`, in Textual. Nothing is imported until it is opened."""

"""`python -m tfcli` is `tfcli`."""

from tfcli.main import main

if __name__ == "__main__":
    main()

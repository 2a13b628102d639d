"""`python -m ward_hub`: the same as the command `ward-hub`."""

from ward_hub.cli import main

if __name__ == "__main__":
    main()

"""`python -m customer360` is the same as the command `customer360`."""

from customer360.cli import main

if __name__ == "__main__":
    main()

"""The command `customer360`: drives dbt, checks what goes in and publishes what comes out."""

__version__ = "0.1.0"

"""What every science module shares: contract, inputs, running, provenance."""

"""What is told to others of an object: reports to the Transient Name Server, VOEvents, notices of GCN and Hermes."""

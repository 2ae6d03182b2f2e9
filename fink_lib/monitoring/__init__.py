"""What an operator is told: facts of a running broker, metrics made of them, alarms over these. Changes nothing."""

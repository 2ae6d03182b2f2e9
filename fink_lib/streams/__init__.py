"""What every stream shares: spec, plan, run loop, heartbeat, lease, runner."""

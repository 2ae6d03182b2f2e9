"""Events seen by other messengers: gamma rays, neutrinos, gravitational waves, radio bursts; and alerts beside them."""

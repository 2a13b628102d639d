"""Real servers for the tests: each module starts one kind, on loopback, and ends only its own."""

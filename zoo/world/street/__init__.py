"""Streets: their plan, what stands along them and what moves on them."""

"""AWS EC2: spot prices and interruption bands, and prices on demand, by region."""

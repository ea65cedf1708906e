"""AWS EC2: spot prices by region, as its public spot page and Spot Instance Advisor publish them."""

"""Deal registration: who brought a customer, how long that is protected, and what happens when two did."""

"""What a network is: integers with sizes in them, index expressions, equations; and the operations every room needs."""

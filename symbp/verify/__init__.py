"""The witnesses: brute force against which every equality, every gradient and every module is held."""
